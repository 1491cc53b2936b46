-- expect: limit.time
-- keeps: yes
local co = coroutine.wrap(function()
  run:sleep("0s")
  while true do end
end)
co()
