-- expect: survives | limit.time
local s = ("\u{1ea4}"):rep(1000000)
assert(not pcall(text.compare, s, s .. "x"))
