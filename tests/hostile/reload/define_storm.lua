-- expect: plugin.too_many
-- mode: load
for i = 1, 1e9 do flow.define("f" .. i, { title = "x" }, function() end) end
