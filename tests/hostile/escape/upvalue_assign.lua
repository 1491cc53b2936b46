-- expect: lua.upvalue
-- mode: load
local n = 0
flow.define("x", { title = "x" }, function() n = n + 1 end)
