-- expect: survives
--- chunk
local kept = { n = 0, list = { 1, 2, 3 }, deep = { deep = { n = 0 } } }
--- attack
assert(not pcall(rawset, kept, "n", 1))
assert(not pcall(rawset, kept.deep.deep, "n", 1))
assert(not pcall(table.insert, kept.list, 4))
assert(not pcall(table.remove, kept.list))
assert(not pcall(table.sort, kept.list, function(a, b) return a > b end))
assert(not pcall(table.move, { 9, 9 }, 1, 2, 1, kept.list))
assert(not pcall(setmetatable, kept, {}))
pcall(next, kept, "nothing like this")
for k in pairs(kept) do assert(not pcall(function() kept[k] = nil end)) end
assert(kept.n == 0 and #kept.list == 3 and kept.list[1] == 1 and kept.deep.deep.n == 0)
