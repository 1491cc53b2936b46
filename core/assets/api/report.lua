-- Examples of report.* (see content.lua for how they are read).

--- report.define at load
report.define("nominations", {
  title = "Nominations",
  params = { year = "integer!" },
  columns = { { "nominee", "text" }, { "score", "number", total = "sum" } },
}, function(params, out)
  for _, row in ipairs(nominations:find({ year = params.year }, { order = "-score" })) do
    out:row { nominee = row.nominee, score = row.score }
  end
end)

--- report_out:row in a report
out:row { name = "Tổ 5", n = 90 }
out:row { "Tổ 6", 70 }

--- report_out:note in a report
out:row { "Tổ 5", 90 }
out:note("Without the units that joined in 2021.")
