-- expect: limit.time
while true do
  local co = coroutine.create(function() while true do end end)
  coroutine.resume(co)
  coroutine.resume(co)
end
