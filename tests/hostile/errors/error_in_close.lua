-- expect: failed
local a <close> = setmetatable({}, { __close = function() error("one") end })
local b <close> = setmetatable({}, { __close = function() error({}) end })
error("first")
