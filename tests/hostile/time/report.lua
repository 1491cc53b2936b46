-- expect: limit.time
-- mode: report
while true do pcall(function() while true do end end) end
