-- expect: fetch.host
-- needs: "flow", "storage", "fetch:example.org"
-- keeps: yes
run:fetch { url = "http://127.0.0.1:1/", timeout = "1s" }
