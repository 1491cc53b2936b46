-- expect: survives
assert(not pcall(setmetatable, {}, { __gc = function() error("x") end }))
local mt = {}
setmetatable({}, mt)
mt.__gc = function() error("late") end
for _ = 1, 100 do setmetatable({}, {}) end
