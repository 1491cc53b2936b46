-- expect: survives
-- mode: load
assert(not pcall(function() return storage.kv.get("x") end))
assert(not pcall(function() return storage.kv.set("x", 1) end))
assert(not pcall(function() return flow.start("x", {}) end))
assert(not pcall(function() return events.emit("reload_calls_while_loading.x", {}) end))
assert(not pcall(function() return storage.sql("select 1 as x") end))
