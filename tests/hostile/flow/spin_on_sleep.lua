-- expect: goes on
-- keeps: yes
-- wait: 300
while true do run:sleep("0s") end
