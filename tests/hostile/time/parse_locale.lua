-- expect: limit.
-- mode: locale
local a = 1
local b = a@@100000[ or a]
return {}
