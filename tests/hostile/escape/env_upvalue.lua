-- expect: survives
local _ENV = { pcall = pcall, assert = assert, setmetatable = setmetatable }
assert(io == nil and load == nil and print == nil) -- luacheck: ignore
x = 1
assert(x == 1)
