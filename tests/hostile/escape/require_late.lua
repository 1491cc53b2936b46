-- expect: survives
assert(not pcall(require, "escape_require_late.m"))
--- file m.lua
return {}
