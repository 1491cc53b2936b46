-- expect: survives
assert(not pcall(flow.define, "late", { title = "x" }, function() end))
assert(not pcall(on, "x.y", function() end))
assert(not pcall(storage.table, "late", { fields = { n = "integer" } }))
assert(not pcall(content.type, "late", { fields = { title = "text" } }))
