-- expect: lua.upvalue
-- mode: load
local kept = 0
local t = setmetatable({}, { __index = function() kept = kept + 1 return kept end })
flow.define("x", { title = "x" }, function() return t.x end)
