-- expect: survives | limit.time
local t = mark
for _, name in ipairs { "n; drop table p_good__row", "n' or '1'='1", 'n" --', "id)", "rowid", "n desc, (select secret from p_good__row)",
  "sqlite_master", "*", "\xff", ("n"):rep(1000) } do
  assert(not pcall(t.find, t, { [name] = 1 }), "find " .. name)
  assert(not pcall(t.find, t, {}, { order = name }), "order " .. name)
  assert(not pcall(t.sum, t, name), "sum " .. name)
  assert(not pcall(t.aggregate, t, { by = { name }, count = true }), "by " .. name)
  assert(not pcall(t.aggregate, t, { sum = { name } }), "aggregate " .. name)
  assert(not pcall(t.insert, t, { [name] = 1 }), "insert " .. name)
end
