-- expect: plugin.limit
-- mode: load
-- manifest: limits = { memory = "-1MiB" },
flow.define("x", { title = "x" }, function() end)
