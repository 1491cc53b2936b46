-- expect: survives
local mt = getmetatable("")
assert(mt == false)
assert(not pcall(setmetatable, "", {}))
assert(not pcall(function() mt.__index = {} end))
assert(not pcall(rawset, string, "upper", error))
assert(not pcall(function() string.upper = error end))
assert(("x"):upper() == "X")
