-- expect: plugin.required
-- mode: load
-- manifest: requires = { reload_requires_itself = ">=0" },
flow.define("x", { title = "x" }, function() end)
