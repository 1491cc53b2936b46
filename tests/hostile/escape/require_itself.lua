-- expect: require.cycle
-- mode: load
require "escape_require_itself.a"
--- file a.lua
return require(...)
