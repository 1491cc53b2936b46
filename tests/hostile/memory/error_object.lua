-- expect: limit.
-- mode: report
local t = {}
while true do t[#t + 1] = select(2, pcall(error, { string.rep("x", 1 << 16) .. #t })) end
