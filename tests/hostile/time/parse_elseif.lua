-- expect: limit.time
-- mode: load
local a = 1
if a then @@500000[elseif a then ]end
