-- expect: limit.time
-- mode: load
pcall(require, "time_load_module.m")
while true do pcall(require, "time_load_module.m") end
--- file m.lua
error("again")
