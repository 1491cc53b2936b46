-- expect: lua.syntax
-- mode: load
--- file plugin.lua
LuaT
