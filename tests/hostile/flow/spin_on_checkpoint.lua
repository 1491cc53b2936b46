-- expect: limit.time
-- keeps: yes
-- wait: 300
run:checkpoint({ n = (run.state and run.state.n or 0) + 1 })
