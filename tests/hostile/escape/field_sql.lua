-- expect: field.name
-- mode: load
storage.table("t", { fields = { ["x integer); drop table p_good__row; --"] = "integer" } })
