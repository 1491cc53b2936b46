-- expect: resulting string too large
-- mode: report
local s = string.rep("x", 1 << 20)
while true do s = s:gsub("x", "%0%0") end
