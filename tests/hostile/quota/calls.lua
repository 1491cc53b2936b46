-- expect: survives
-- mode: loop
-- needs: "flow", "storage", "fetch:127.0.0.1"
-- manifest: limits = { calls_per_minute = 2 },
local err
for _ = 1, 5 do
  local ok
  ok, err = pcall(loop.fetch, { url = "http://127.0.0.1:1/" })
  assert(not ok)
end
assert(err.code == "limit.calls" and err.message:find("2", 1, true) and err.remedy:find("run:fetch", 1, true), err.message)
