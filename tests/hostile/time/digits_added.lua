-- expect: limit.time
local s = string.rep("1", 1 << 21)
while true do pcall(function() return s + s end) pcall(function() for i = s, 1 do end end) pcall(function() return -s end) end
