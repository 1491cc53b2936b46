-- expect: survives
local t = {}
for i = 1, 200 do t[i] = i end
local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
for _ = 1, 50 do assert(select("#", co(table.unpack(t))) == 200) end
