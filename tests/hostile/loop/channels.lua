-- expect: limit.loop
-- mode: loop
for _ = 1, 100000 do loop.channel(1) end
