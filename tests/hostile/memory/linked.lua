-- expect: limit.memory
-- mode: report
local t
while true do t = { t } end
