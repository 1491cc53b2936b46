-- expect: survives | limit.time
for _, s in ipairs { "0000-00-00", "9999-12-31 23:59", "-1", "2021-02-30", "99999999999999999999-01-01", ("1"):rep(10000), "2021-01-01T00:00:00+99:99", "\0", "NaN" } do
  pcall(date.parse, s)
end
for _, by in ipairs { "99999999999 working days", "9223372036854775807 days", "1e308h", "-1d", "1 day before", ("9"):rep(300) .. "d", "working days", "" } do
  pcall(date.add, date.now(), by)
  pcall(date.add, date.today(), by)
end
pcall(date.between, date.parse("01/01/0001"), date.parse("31/12/9999"), "working days")
