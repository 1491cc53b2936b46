-- expect: survives
for _, name in ipairs { "run", "system", "org", "user", "task", "plugin", "api" } do
  assert(not pcall(function() assert(_G[name].list) end))
end
assert(not pcall(function() user.add("evil", { admin = true }) end)) -- luacheck: ignore
assert(not pcall(function() system.verify() end)) -- luacheck: ignore
