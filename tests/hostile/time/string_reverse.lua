-- expect: limit.
local s = string.rep("x", 1 << 20)
while true do local _ = s:reverse():upper():lower() end
