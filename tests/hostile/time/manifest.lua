-- expect: limit.time
-- mode: manifest
while true do end
