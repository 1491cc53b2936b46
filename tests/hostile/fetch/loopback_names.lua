-- expect: survives
-- mode: loop
-- needs: "flow", "storage", "fetch:*"
for _, host in ipairs { "127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "127.1", "169.254.169.254" } do
  assert(not pcall(loop.fetch, { url = "http://" .. host .. ":1/", timeout = "1s" }), host)
end
