-- expect: limit.
local a = string.rep("x", (1 << 22) - 1) .. "a"
local b = string.rep("x", (1 << 22) - 1) .. "b"
while true do local _ = a < b end
