-- expect: limit.time
local x = 0
while true do x = x + math.sin(x) ^ math.pi % 3 end
