-- expect: limit.
local a = string.rep("x", 1 << 22) .. "a"
local b = string.rep("x", 1 << 22) .. "b"
while true do local _ = a < b end
