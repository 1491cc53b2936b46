-- Examples of command.* (see content.lua for how they are read).

--- command.define at load
-- khung x nominations year=2021
command.define("nominations", {
  doc = { vi = "Các đề cử của một năm", en = "Nominations of a year" },
  args = { year = "integer!" }, columns = { "nominee", "score" },
}, function(args)
  local list = {}
  for _, row in ipairs(nominations:find({ year = args.year }, { order = "-score" })) do
    list[#list + 1] = { nominee = row.nominee, score = row.score }
  end
  return list
end)
