-- expect: limit.loop
-- mode: loop
for _ = 1, 100000 do loop.after("1h", function() end) end
