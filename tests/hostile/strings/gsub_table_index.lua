-- expect: limit.
string.gsub("x", "x", setmetatable({}, { __index = function() while true do end end }))
