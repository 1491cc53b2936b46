-- expect: survives
--- chunk
flow.define("child", { title = "x", input = { n = "integer!" } }, function(_, input)
  if input.n > 0 then for _ = 1, 2 do flow.start("child", { n = input.n - 1 }) end end
end)
--- attack
flow.start("child", { n = 6 })
