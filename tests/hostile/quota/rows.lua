-- expect: survives
-- manifest: limits = { rows = 5 },
local ok, err
local n = 0
repeat
  ok, err = pcall(mark.insert, mark, { n = 2 })
  n = n + 1
until not ok
assert(n == 5, n) -- one row was there
assert(err.code == "limit.rows" and err.message:find("5", 1, true) and err.remedy:find("limits", 1, true), err.remedy)
assert(mark:count() == 5)
assert(not pcall(storage.kv.set, "one", 1) and not pcall(storage.number, "book"))
mark:delete(mark:find()[1].id)
mark:insert { n = 3 }
