-- expect: survives | limit.time
assert(not pcall(table.move, {}, 1, 1e18 // 1 | 0, 2))
assert(not pcall(table.move, {}, math.mininteger, math.maxinteger, 2))
assert(not pcall(table.move, {}, 1, math.maxinteger, math.mininteger))
