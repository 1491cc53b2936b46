-- expect: survives
-- manifest: limits = { runs = 3 },
flow.define("sleeper", {}, function(r) r:wait("never") end)
--- attack
local ok, err
local n = 0
repeat
  ok, err = pcall(flow.start, "sleeper")
  n = n + 1
until not ok
assert(n <= 4, n)
assert(err.code == "limit.runs" and err.message:find("3", 1, true) and err.remedy:find("runs", 1, true), err.message)
