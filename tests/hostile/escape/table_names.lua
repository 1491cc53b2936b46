-- expect: survives
-- mode: load
for _, name in ipairs { "x; drop table p_good__row", "x__y", "../good", "", "a b", "\xff", "X", ("x"):rep(1000), "1x", "đ" } do
  local ok = pcall(storage.table, name, { fields = { n = "integer" } })
  assert(not ok, name)
end
