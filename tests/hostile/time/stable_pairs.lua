-- expect: limit.
while true do
  local t = {}
  for i = 1, 2000 do t["k" .. i] = i end
  for _ in pairs(t) do end
end
