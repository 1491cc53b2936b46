-- expect: limit.
local s = string.rep("x", 1 << 20)
while true do utf8.offset(s, 1 << 19) end
