-- expect: limit.
-- mode: loop
local c, s = loop.channel(1000), ("x"):rep(1 << 20)
while true do c:put(s) end
