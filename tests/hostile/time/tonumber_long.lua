-- expect: limit.
local s = string.rep("1", 1 << 20)
while true do tonumber(s) end
