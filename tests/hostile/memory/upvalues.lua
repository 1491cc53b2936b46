-- expect: limit.memory
-- mode: report
local f
while true do local g = f f = function() return g end end
