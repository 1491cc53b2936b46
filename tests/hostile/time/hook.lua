-- expect: limit.time
-- mode: hook
while true do end
