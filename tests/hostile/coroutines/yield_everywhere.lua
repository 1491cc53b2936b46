-- expect: survives
assert(not pcall(coroutine.yield))
local co = coroutine.wrap(function()
  pcall(table.sort, { 3, 2, 1 }, coroutine.yield)
  pcall(string.gsub, "x", "x", coroutine.yield)
  pcall(setmetatable({}, { __index = coroutine.yield }).x)
  return "end"
end)
for _ = 1, 10 do if co() == "end" then return end end
