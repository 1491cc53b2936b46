-- expect: table.index
-- mode: load
storage.table("t", { fields = { n = "integer" }, index = { { "nothing" } } })
