-- expect: limit.time
run:any { a = function() while true do pcall(function() while true do end end) end end, b = function() end }
