-- expect: survives
for _, what in ipairs { "collect", "step", "stop", "restart", "generational", "incremental", "setpause", "isrunning" } do
  assert(not pcall(collectgarbage, what))
end
assert(collectgarbage("count") > 0)
