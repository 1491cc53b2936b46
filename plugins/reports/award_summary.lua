-- Award summary: what each unit proposed in a year, and what became of it.

local query = [[
  select n.unit, r.award, count(*) as proposed,
         sum(n.state in ('proposed', 'endorsed', 'voted')) as open,
         sum(n.state = 'refused') as refused,
         sum(n.state = 'granted') as granted
    from awards.nomination n join awards.round r on r.id = n.round
   where n.year = :year and (:unit is null or n.unit = :unit)
   group by n.unit, r.award order by n.unit, r.award
]]

report.define("award_summary", {
  title = { vi = "Tổng hợp khen thưởng", en = "Award summary" },
  params = { year = "integer!", unit = "unit" },
  columns = {
    { name = "unit", type = "unit", title = { vi = "Đơn vị", en = "Unit" } },
    { name = "award", type = "text", title = { vi = "Hình thức", en = "Award" } },
    { name = "proposed", type = "integer", title = { vi = "Đề nghị", en = "Proposed" }, total = "sum" },
    { name = "open", type = "integer", title = { vi = "Đang xét", en = "Open" }, total = "sum" },
    { name = "refused", type = "integer", title = { vi = "Không được", en = "Refused" }, total = "sum" },
    { name = "granted", type = "integer", title = { vi = "Được tặng", en = "Granted" }, total = "sum" },
  },
  chart = { kind = "bar", x = "unit", y = "granted" },
}, function(params, out)
  local rows = storage.sql(query, { year = params.year, unit = params.unit })
  for _, row in ipairs(rows) do out:row(row) end
  if #rows == 0 then out:note(t("award_summary.none", { year = params.year })) end
end)
