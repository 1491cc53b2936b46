-- expect: limit.
-- mode: report
local t = {}
local function deep(n) if n > 0 then return 1 + deep(n - 1) end coroutine.yield() return 0 end
while true do
  local co = coroutine.create(deep)
  coroutine.resume(co, 5000)
  t[#t + 1] = co
end
