-- expect: survives
assert(not pcall(json.decode, string.rep("[", 100000)))
assert(not pcall(json.decode, string.rep('{"a":', 100000)))
local t = {}
local at = t
for _ = 1, 1000 do at.x = {} at = at.x end
assert(not pcall(json.encode, t))
