-- expect: survives
--- chunk
local kept = setmetatable({}, { __index = { hidden = { n = 0 } }, __metatable = "no" })
--- attack
assert(not pcall(function() kept.hidden.n = 1 end))
assert(not pcall(rawset, kept.hidden, "n", 1))
assert(not pcall(setmetatable, kept, {}))
assert(type(getmetatable(kept)) ~= "table" or not pcall(rawset, getmetatable(kept), "__index", {}))
assert(kept.hidden.n == 0)
