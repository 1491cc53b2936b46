-- expect: survives | limit.time
for _, n in ipairs { math.mininteger, math.maxinteger, -1, 0, 2 ^ 53, 2 ^ 63, 1e308, -1e308, 0 / 0, 1 / 0 } do
  pcall(flow.get, n)
  pcall(mark.get, mark, n)
  pcall(mark.update, mark, n, { n = n })
  pcall(mark.delete, mark, n)
  pcall(mark.find, mark, { n = n }, { limit = n })
  pcall(storage.kv.add, "n", n)
  pcall(number.format, n, n)
  pcall(number.percent, n, n, n)
  pcall(date.add, date.now(), tostring(n) .. " working days")
  pcall(date.format, n)
  pcall(schedule.run_now, n)
end
assert(not pcall(function() return math.mininteger // 0 end))
assert(not pcall(function() return math.mininteger % 0 end))
assert(math.mininteger // -1 == math.mininteger)
