-- expect: survives
local co
co = coroutine.create(function() return coroutine.resume(co) end)
local ok, inner = coroutine.resume(co)
assert(ok and inner == false)
assert(not coroutine.resume(coroutine.running()))
local w
w = coroutine.wrap(function() w() end)
assert(not pcall(w))
