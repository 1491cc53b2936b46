-- expect: survives
local co = coroutine.running()
assert(not coroutine.resume(co))
local other = coroutine.create(function() return coroutine.resume(co, 1) end)
local _, ok = coroutine.resume(other)
assert(ok == false)
