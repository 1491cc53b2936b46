-- expect: survives
-- mode: run
flow.define("sought", { input = { n = "integer", text = "text" }, search = { "n", "text" }, limit = { key = "text", running = 1 } }, function() end)
--- attack
local function code(where)
  local ok, e = pcall(flow.find, where)
  return ok and "found" or e.code
end
local cyclic = {}
cyclic.n = cyclic
assert(code { flow = "attack", n = 1 } == "flow.search_field")
assert(code { flow = "sought", n = 0 / 0 } == "invalid.field" and code { flow = "sought", n = 1e300 } == "invalid.field")
assert(code { flow = "sought", n = {} } == "invalid.field" and code { flow = "sought", n = "1; drop table flow_run" } == "invalid.field")
assert(code { flow = "sought", text = "' or 1 = 1 --" } == "found")
assert(#flow.find { flow = "sought", text = "' or 1 = 1 --" } == 0)
assert(code { flow = "sought", text = ("x"):rep(300000) } ~= nil)
assert(code { flow = "sought", text = "a\0b" } ~= nil)
assert(code { flow = "sought", [1] = 2 } ~= "found" and code { flow = {}, n = 1 } ~= "found")
assert(not pcall(flow.find, cyclic))
local seen = 0
local spy = setmetatable({ flow = "sought" }, { __index = function() seen = seen + 1 end, __pairs = function() seen = seen + 1 end })
pcall(flow.find, spy)
assert(seen == 0, "a metamethod was called")
flow.start("sought", { n = 7, text = ("y"):rep(2000) })
assert(#flow.find { flow = "sought", n = 7, text = ("y"):rep(2000) } == 1)
assert(#flow.find { flow = "sought", n = 7, text = ("y"):rep(1999) } == 0)
