-- expect: survives
pcall(next, {}, 1)
pcall(next, { 1, 2 }, "x")
pcall(next, { 1, 2 }, 0 / 0)
pcall(next, setmetatable({}, { __index = error }), {})
local t = {}
for i = 1, 100 do t[i] = i end
for k in pairs(t) do t[k] = nil end
assert(next(t) == nil)
