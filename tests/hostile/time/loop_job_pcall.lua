-- expect: limit.time
-- mode: loop
while true do pcall(function() while true do end end) end
