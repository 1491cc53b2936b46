-- expect: lua.coroutine_kept
-- mode: load
local co = coroutine.create(function() while true do coroutine.yield() end end)
flow.define("x", { title = "x" }, function() coroutine.resume(co) end)
