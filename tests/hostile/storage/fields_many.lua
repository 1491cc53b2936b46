-- expect: limit.size
-- mode: load
local f = {}
for i = 1, 5000 do f["f" .. i] = "integer" end
storage.table("t", { fields = f })
