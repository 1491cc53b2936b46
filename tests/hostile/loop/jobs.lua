-- expect: limit.loop
-- mode: loop
for _ = 1, 100000 do loop.spawn(function() loop.sleep("1h") end) end
