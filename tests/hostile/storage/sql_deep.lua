-- expect: survives | limit.time
assert(not pcall(storage.sql, "select " .. ("("):rep(2000) .. "1" .. (")"):rep(2000) .. " as x"))
assert(not pcall(storage.sql, "select 1 as x" .. (" union select 1"):rep(600)))
assert(not pcall(storage.sql, ("x"):rep(1 << 17)))
