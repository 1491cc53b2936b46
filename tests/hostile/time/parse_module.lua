-- expect: limit.time
-- mode: load
pcall(require, "time_parse_module.deep")
pcall(require, "time_parse_module.deep")
--- file deep.lua
local a = 1
local b = a@@1000000[ and a]
