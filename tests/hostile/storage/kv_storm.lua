-- expect: limit.
for i = 1, 1e9 do storage.kv.set("k" .. i, ("x"):rep(1000)) end
