-- expect: table.reserved
-- mode: load
storage.table("t", { fields = { id = "integer" } })
