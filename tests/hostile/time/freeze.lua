-- expect: survives
-- mode: load
local t = {}
for i = 1, 4000 do t[i] = { i, { i } } end
flow.define("x", { title = "x" }, function() return #t end)
