-- expect: survives | limit.time
for _ = 1, 20 do
  local t = {}
  for i = 1, 64 do t[i] = i % 7 end
  pcall(table.sort, t, function() return true end)
  pcall(table.sort, t, function(a, b) return a <= b end)
  pcall(table.sort, t, function() t[#t + 1] = 1 return #t % 2 == 0 end)
  pcall(table.sort, t, function() for k in next, t do t[k] = nil end return true end)
  for _, v in pairs(t) do assert(type(v) == "number") end
end
