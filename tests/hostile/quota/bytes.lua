-- expect: survives
-- manifest: limits = { bytes = "64KiB" },
local ok, err
local n = 0
repeat
  n = n + 1
  ok, err = pcall(storage.kv.set, "key" .. n, ("x"):rep(10000))
until not ok
assert(n == 7, n)
assert(err.code == "limit.bytes" and err.message:find("65536", 1, true) and err.remedy:find("limits", 1, true), err.message)
assert(storage.kv.get("key7") == nil)
storage.kv.set("key1", "small")
storage.kv.set("key7", ("x"):rep(5000))
