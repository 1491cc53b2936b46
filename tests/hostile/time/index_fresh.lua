-- expect: limit.time
local s, t = string.rep("x", 1 << 20), {}
for i = 1, math.maxinteger do local _ = t[s .. i] end
