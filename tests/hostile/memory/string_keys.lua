-- expect: limit.memory
-- mode: report
local t = {}
for i = 1, math.maxinteger do t["key" .. i] = true end
