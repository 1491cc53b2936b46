-- expect: limit.
local all = {}
for i = 1, 20000 do all[i] = { i } end
while true do all[#all + 1] = string.rep("x", 1 << 18) pcall(string.rep, "x", 1 << 22) end
