-- expect: limit.time
-- mode: loop
while true do end
