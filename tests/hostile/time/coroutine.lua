-- expect: limit.time
while true do
  local co = coroutine.wrap(function() while true do end end)
  pcall(co)
end
