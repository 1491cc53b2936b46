-- expect: limit.
-- mode: report
local t = {}
while true do t[#t + 1] = people.units() t[#t + 1] = date.now() end
