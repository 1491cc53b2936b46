-- expect: survives | limit.time
local s = ("x"):rep(1 << 20)
assert(not pcall(flow.signal, run, "x", { s = s }))
assert(not pcall(flow.signal, run, s, {}))
