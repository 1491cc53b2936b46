-- expect: limit.
-- mode: manifest
local a = 1
local b = a@@100000[ or a]
return { name = "time_parse_manifest", version = "1", api = 1, needs = {} }
