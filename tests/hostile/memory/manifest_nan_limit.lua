-- expect: plugin.limit
-- mode: load
-- manifest: limits = { memory = "nan" },
flow.define("x", { title = "x" }, function() end)
