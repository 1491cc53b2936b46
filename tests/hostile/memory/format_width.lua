-- expect: survives
assert(not pcall(string.format, "%1000d", 1))
assert(not pcall(string.format, "%99999999999d", 1))
assert(not pcall(string.format, "%.99999999999f", 1))
assert(#string.format("%99.99f", -math.huge) <= 512)
assert(#string.format("%99.99f", 1.7e308) <= 512)
