-- expect: field.name
-- mode: load
storage.table("t", { fields = { [("x"):rep(100000)] = "integer" } })
