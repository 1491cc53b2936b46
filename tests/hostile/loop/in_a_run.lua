-- expect: survives
assert(not pcall(loop.sleep, "1s"))
assert(not pcall(loop.spawn, function() end))
assert(not pcall(loop.fetch, { url = "http://127.0.0.1/" }))
