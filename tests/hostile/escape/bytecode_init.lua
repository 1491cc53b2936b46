-- expect: lua.syntax
-- mode: load
--- file init.lua
LuaT
