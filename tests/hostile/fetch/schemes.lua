-- expect: survives
-- mode: loop
-- needs: "flow", "storage", "fetch:*"
for _, url in ipairs { "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1/", "ftp://127.0.0.1/", "", "x", "http://", "http://a\r\nHost: b/",
  "http://" .. ("x"):rep(100000) .. "/", "javascript:1", "http://u:p@127.0.0.1:1/" } do
  assert(not pcall(loop.fetch, { url = url, timeout = "1s" }), url)
end
