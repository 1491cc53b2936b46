-- expect: survives | limit.time
local boss = people.person("boss")
for _, form in ipairs { { ["x; drop"] = "text" }, { x = "evil" }, { x = ("choice:" .. ("a,"):rep(100000)) }, { x = {} }, { [1] = "text" } } do
  assert(not pcall(run.ask, run, { to = boss, title = "x", form = form }))
end
