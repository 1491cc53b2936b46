-- expect: survives
-- mode: report
--- chunk
local key = { n = 0 }
local kept = { [key] = true }
--- attack
for k in pairs(kept) do assert(not pcall(rawset, k, "n", 1)) end
for k in next, kept do assert(not pcall(rawset, k, "n", 1)) end
assert(key.n == 0)
