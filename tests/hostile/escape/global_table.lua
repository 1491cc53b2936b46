-- expect: survives
assert(not pcall(function() _G.print = error end))
assert(not pcall(rawset, _G, "print", error))
assert(not pcall(setmetatable, _G, { __index = function() return error end }))
assert(not pcall(function() evil = 1 end)) -- luacheck: ignore
local mt = getmetatable(_G)
assert(type(mt) ~= "table" or not pcall(rawset, mt, "__newindex", error))
