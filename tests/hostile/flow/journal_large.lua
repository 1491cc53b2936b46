-- expect: survives | limit.time
local s = ("x"):rep(1 << 20)
assert(not pcall(run.checkpoint, run, { s = s }))
assert(not pcall(run.compensate, run, "attack", { s = s }))
