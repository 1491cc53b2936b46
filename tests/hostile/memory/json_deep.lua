-- expect: survives | limit.time
assert(not pcall(json.decode, string.rep("[", 10000)))
assert(not pcall(json.decode, string.rep('{"a":', 10000)))
local t = {}
local at = t
for _ = 1, 1000 do at.x = {} at = at.x end
assert(not pcall(json.encode, t))
