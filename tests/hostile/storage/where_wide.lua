-- expect: limit.time
local list = {}
for i = 1, 20000 do list[i] = i end
while true do pcall(mark.find, mark, { n = list }) end
