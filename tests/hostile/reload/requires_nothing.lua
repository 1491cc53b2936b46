-- expect: plugin.required
-- mode: load
-- manifest: requires = { ["../good"] = ">=0" },
flow.define("x", { title = "x" }, function() end)
