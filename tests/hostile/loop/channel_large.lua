-- expect: survives
-- mode: loop
assert(not pcall(loop.channel, math.maxinteger))
assert(not pcall(loop.channel, -1))
local c = loop.channel(10)
assert(not pcall(c.put, c, print))
assert(not pcall(c.put, c, { c, print }))
