-- expect: survives | limit.time
assert(not pcall(string.format, ("%99d"):rep(300000), 1))
assert(not pcall(string.format, ("%s"):rep(250), ("x"):rep(1 << 20)))
assert(not pcall(string.format, "%100000d", 1))
