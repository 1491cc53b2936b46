-- expect: lua.syntax
-- mode: locale
--- file locale/en.lua
LuaT
