-- expect: limit.
-- mode: report
local s = "[" .. string.rep("[],", 1 << 20) .. "1]"
local t = {}
while true do t[#t + 1] = json.decode(s) end
