-- expect: survives
-- mode: get
return setmetatable({}, { __index = function() error("asked") end, __pairs = function() error("asked") end })
