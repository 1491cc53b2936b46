-- expect: survives
assert(not pcall(table.unpack, {}, 1, 1e7 // 1 | 0))
assert(not pcall(table.unpack, {}, 1, 1 << 31))
assert(not pcall(table.unpack, {}, math.mininteger, math.maxinteger))
assert(not pcall(table.unpack, {}, 0, math.maxinteger))
