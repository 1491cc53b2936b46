-- expect: limit.time
-- keeps: yes
run:sleep("0s")
while true do end
