-- expect: survives
-- mode: load
local kept = {}
for i = 1, 20 do kept[i] = string.rep("x", 1 << 18) .. i end
flow.define("x", { title = "x" }, function() return #kept end)
