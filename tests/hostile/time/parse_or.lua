-- expect: limit.time
-- mode: load
local a = 1
local b = a@@1000000[ or a]
