-- expect: require.cycle
-- mode: load
require "escape_require_cycle.a"
--- file a.lua
require "escape_require_cycle.b"
--- file b.lua
require "escape_require_cycle.a"
