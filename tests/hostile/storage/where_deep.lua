-- expect: survives
local w = { n = 1 }
for _ = 1, 200 do w = { ["or"] = { w, w } } end
assert(not pcall(mark.find, mark, w))
