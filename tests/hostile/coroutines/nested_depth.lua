-- expect: survives | limit.time
local function nest(n) return n == 0 and 0 or 1 + coroutine.wrap(nest)(n - 1) end
local ok = pcall(nest, 500)
assert(not ok or ok)
