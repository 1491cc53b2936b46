-- expect: survives
assert(not pcall(string.format, "%-10p", {}))
assert(not pcall(string.format, "%\0p", {}))
assert(not pcall(string.format, "%n", 1))
assert(not pcall(string.format, "%*d", 1, 1))
assert(not pcall(string.format, "%s"))
assert(not pcall(string.format, "%"))
assert(not pcall(string.format, "%10q", "x"))
