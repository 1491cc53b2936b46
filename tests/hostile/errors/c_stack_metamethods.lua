-- expect: survives | limit.time
local t = {}
setmetatable(t, { __index = function(self, k) return self[k] end })
assert(not pcall(function() return t.x end))
local mt = {}
mt.__concat = function(a, b) return a .. b end
local o = setmetatable({}, mt)
assert(not pcall(function() return o .. "x" end))
