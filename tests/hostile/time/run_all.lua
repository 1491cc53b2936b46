-- expect: limit.time
run:all { a = function() while true do end end, b = function() while true do end end }
