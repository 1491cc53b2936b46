-- expect: survives
local now = date.now()
local mt = getmetatable(now)
assert(type(mt) ~= "table" or not pcall(rawset, mt, "__index", {}))
assert(not pcall(setmetatable, now, {}))
assert(not pcall(rawset, now, "x", 1))
assert(not pcall(rawget, now, "x"))
assert(not pcall(function() now.x = 1 end))
assert(not pcall(next, now))
