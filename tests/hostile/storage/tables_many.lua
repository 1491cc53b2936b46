-- expect: plugin.too_many
-- mode: load
for i = 1, 1e7 do storage.table("t" .. i, { fields = { n = "integer" } }) end
