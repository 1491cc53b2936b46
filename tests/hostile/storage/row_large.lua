-- expect: survives | limit.time
local s = ("x"):rep(1 << 20)
assert(not pcall(storage.kv.set, "x", s))
assert(not pcall(storage.kv.set, s, 1))
