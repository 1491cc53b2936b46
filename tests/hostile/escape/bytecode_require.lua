-- expect: lua.syntax
-- mode: load
require "escape_bytecode_require.m"
--- file m.lua
Luafake
