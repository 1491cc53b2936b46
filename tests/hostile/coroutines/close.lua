-- expect: survives
assert(coroutine.close == nil)
for _ = 1, 100 do
  local co = coroutine.wrap(function()
    local x <close> = setmetatable({}, { __close = function() coroutine.yield() end })
    error("x")
  end)
  pcall(co)
end
