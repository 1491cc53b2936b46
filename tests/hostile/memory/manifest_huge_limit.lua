-- expect: plugin.limit
-- mode: load
-- manifest: limits = { memory = "1000GiB" },
flow.define("x", { title = "x" }, function() end)
