-- expect: limit.
while true do pcall(storage.sql, "select :s like :p as x", { s = ("a"):rep(1000000), p = ("%a"):rep(60) .. "b" }) end
