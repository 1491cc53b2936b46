-- expect: survives
assert(not pcall(table.sort, { 3, 2, 1 }, function() run:sleep("1s") return true end))
assert(not pcall(string.gsub, "x", "x", function() run:sleep("1s") end))
