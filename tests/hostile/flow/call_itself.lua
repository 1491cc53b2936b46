-- expect: survives
--- chunk
flow.define("child", { title = "x", input = { n = "integer!" } }, function(run, input)
  if input.n > 0 then pcall(run.call, run, "child", { n = input.n - 1 }) end
end)
--- attack
run:call("child", { n = 30 })
