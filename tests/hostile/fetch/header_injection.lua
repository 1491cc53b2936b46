-- expect: survives
-- mode: loop
-- needs: "flow", "storage", "fetch:*"
for _, h in ipairs { { ["X\r\nEvil"] = "1" }, { X = "1\r\nHost: evil" }, { X = "\0" }, { ["Host"] = ("x"):rep(100000) }, { [""] = "" } } do
  assert(not pcall(loop.fetch, { url = "http://127.0.0.1:1/", headers = h, timeout = "1s" }))
end
