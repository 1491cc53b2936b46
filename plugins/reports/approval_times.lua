-- Approval times: how long each step of the approval chains took, from the question to the answer, in hours.

local query = [[
  select name as step, type, count(*) as answers,
         sum(decision = 'return') as returned,
         sum(decision = 'voided') as voided,
         avg(decided_at - asked_at) / 3600000.0 as mean_hours,
         max(decided_at - asked_at) / 3600000.0 as longest_hours
    from approvals.step
   where asked_at >= :since and asked_at < :before and (:type is null or type = :type)
   group by name, type order by mean_hours desc
]]

report.define("approval_times", {
  title = { vi = "Thời gian phê duyệt", en = "Approval times" },
  params = { year = "integer!", type = "text" },
  columns = {
    { name = "step", type = "text", title = { vi = "Bước", en = "Step" } },
    { name = "type", type = "text", title = { vi = "Loại nội dung", en = "Content type" } },
    { name = "answers", type = "integer", title = { vi = "Lượt trả lời", en = "Answers" }, total = "sum" },
    { name = "returned", type = "integer", title = { vi = "Trả lại", en = "Returned" }, total = "sum" },
    { name = "voided", type = "integer", title = { vi = "Mất hiệu lực", en = "Voided" }, total = "sum" },
    { name = "mean_hours", type = "number", title = { vi = "Trung bình (giờ)", en = "Mean (hours)" } },
    { name = "longest_hours", type = "number", title = { vi = "Lâu nhất (giờ)", en = "Longest (hours)" } },
  },
  chart = { kind = "bar", x = "step", y = "mean_hours" },
}, function(params, out)
  local rows = storage.sql(query, {
    since = date.parse(("%04d-01-01 00:00"):format(params.year)),
    before = date.parse(("%04d-01-01 00:00"):format(params.year + 1)),
    type = params.type,
  })
  for _, row in ipairs(rows) do out:row(row) end
  if #rows == 0 then out:note(t("approval_times.none", { year = params.year })) end
end)
