-- expect: limit.time
local function deep(n)
  if n == 0 then while true do end end
  while true do coroutine.resume(coroutine.create(function() deep(n - 1) end)) end
end
deep(50)
