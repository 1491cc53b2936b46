-- expect: limit.
-- wait: 6000
-- keeps: yes
local all, list = {}, nil
for i = 1, 30000 do all[i] = {} end
run:sleep("1ms")
for i = 30001, 50000 do all[i] = {} end
run:sleep("1ms")
for i = 0, 49999 do local t = all[i * 7919 % 50000 + 1] t[1] = list list = t end
while true do all[#all + 1] = { list } end
