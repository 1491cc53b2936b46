-- {{name}}: {{:report}}
report.define("{{name}}", {
  title = { vi = "{{name}}", en = "{{name}}" },
  params = { at = "date", kind = "text" },
  columns = {
    { name = "code", type = "text", title = { vi = "Mã", en = "Code" } },
    { name = "unit", type = "unit", title = { vi = "Đơn vị", en = "Unit" } },
    { name = "below", type = "integer", title = { vi = "Đơn vị trực thuộc", en = "Units below" }, total = "sum" },
  },
}, function(params, out)
  local at = params.at or date.today()
  for _, unit in ipairs(people.units { at = at }) do
    if not params.kind or unit.kind == params.kind then
      out:row { code = unit.code, unit = unit.id, below = #unit:children { at = at } }
    end
  end
end)
