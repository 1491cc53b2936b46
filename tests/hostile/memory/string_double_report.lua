-- expect: limit.memory
-- mode: report
local s = "x"
pcall(function() while true do s = s .. s end end)
