-- expect: limit.memory
-- mode: report
local t = {}
while true do
  local co = coroutine.create(function() coroutine.yield(t) end)
  coroutine.resume(co)
  t[#t + 1] = co
end
