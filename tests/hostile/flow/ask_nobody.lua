-- expect: survives | limit.time
for _, to in ipairs { {}, { role = "'; drop table x" }, { role = ("x"):rep(1 << 20) }, { body = {} }, { position = 1 }, run, { unit = { unit = {} } }, "" } do
  assert(not pcall(run.ask, run, { to = to, title = 1 }))
end
