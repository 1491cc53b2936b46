-- expect: limit.
-- mode: report
local t = {}
for i = 1, math.maxinteger do t[i] = string.rep("x", 1 << 20) .. i end
