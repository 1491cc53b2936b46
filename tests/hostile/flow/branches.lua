-- expect: survives | limit.time
local t, f = {}, function() end
for i = 1, 1500 do t["b" .. i] = f end
assert(not pcall(run.all, run, t))
