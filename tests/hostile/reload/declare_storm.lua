-- expect: plugin.too_many
-- mode: load
while true do on("reload_declare_storm.x", function() end) end
