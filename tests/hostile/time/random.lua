-- expect: limit.time
while true do math.random(0) end
