-- expect: limit.
-- keeps: yes
run:sleep("0s")
while true do flow.signal(run, "x", { n = 1 }) end
