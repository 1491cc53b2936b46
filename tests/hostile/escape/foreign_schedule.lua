-- expect: survives
assert(not pcall(schedule.at, "x", "2021-01-01 08:00", { flow = "good.note", input = { n = 1 } }))
for id = 1, 100 do pcall(schedule.run_now, id) end
