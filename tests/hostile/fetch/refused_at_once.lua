-- expect: fetch.url
-- needs: "flow", "storage", "fetch:*"
-- keeps: yes
run:fetch { url = "http://[::1", timeout = "1s" }
