-- expect: limit.time
for _ = 0, math.huge do end
