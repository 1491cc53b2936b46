-- expect: survives
-- mode: report
local s = string.rep("x", 1 << 20)
local t = {}
for i = 1, 5000 do t[i] = s end
assert(not pcall(table.concat, t))
