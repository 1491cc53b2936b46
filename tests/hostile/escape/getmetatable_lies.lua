-- expect: survives
local t = setmetatable({}, { __metatable = "locked" })
assert(getmetatable(t) == "locked")
assert(not pcall(setmetatable, t, {}))
local u = setmetatable({}, { __metatable = false })
assert(not pcall(setmetatable, u, nil))
