-- expect: limit.memory | limit.time
local s = string.rep("x", 1 << 20)
while true do pcall(function() while true do s = s .. s end end) end
