-- expect: limit.
while true do storage.kv.get("x") end
