-- expect: limit.time
local t = {}
for i = 1, 30000 do t[i] = (i * 7919) % 30011 end
for _ = 1, 1000 do table.sort(t, function(a, b) return a > b end) table.sort(t) end
