-- expect: survives | limit.time
local t = setmetatable({}, { __len = function() return math.maxinteger end })
pcall(table.insert, t, 1, 1)
pcall(table.remove, t, 1)
pcall(table.concat, t)
pcall(table.unpack, t)
pcall(table.sort, t)
