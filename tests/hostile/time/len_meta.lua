-- expect: survives
local t = setmetatable({}, { __len = function() return math.maxinteger end })
assert(not pcall(table.insert, t, 1, 1))
assert(not pcall(table.remove, t, 1))
assert(not pcall(table.concat, t))
assert(not pcall(table.unpack, t))
assert(not pcall(table.sort, t))
