-- expect: table.index
-- mode: load
storage.table("t", { fields = { n = "integer" }, index = { { "n); drop table p_good__row; --" } } })
