-- Examples of dates, numbers, text, JSON, ids, log, texts, events (see content.lua for how they are read).

--- date.today
assert(date.today().iso:match("^%d%d%d%d%-%d%d%-%d%d$"))

--- date.now
assert(date.now() >= date.parse("2021-01-01 00:00"))

--- date.parse
assert(date.parse("04/01/2021").iso == "2021-01-04")
assert(date.parse("no day") == nil)

--- date.add
assert(date.add(date.parse("2021-01-08"), "2 working days").iso == "2021-01-12")

--- date.between
assert(date.between(date.parse("2021-01-04"), date.parse("2021-01-11"), "working days") == 5)

--- date.format
assert(date.format(date.parse("2021-01-04"), "iso") == "2021-01-04")

--- instant:date
assert(date.parse("2021-01-04 08:00"):date() == date.parse("2021-01-04"))

--- instant:parts
assert(date.parse("2021-01-04 08:30"):parts().minute == 30)

--- number.parse
assert(number.parse("12.226") == 12226) -- as Vietnamese writes it

--- number.format
assert(number.format(12226) == "12.226")

--- number.percent
assert(number.percent(55337, 14000, 2) == 395.26)

--- text.fold
assert(text.fold("Đề án") == "de an")

--- text.slug
assert(text.slug("Đề án năm 2021") == "de-an-nam-2021")

--- text.markdown
assert(text.markdown("Một **đề án**") == "<p>Một <strong>đề án</strong></p>\n")
assert(not text.markdown("[x](javascript:alert(1)) <script>"):find("script:", 1, true))

--- text.compare
assert(text.compare("an", "ăn") == -1)

--- text.name_key
assert(text.name_key("Trịnh Tuấn Sinh") == "Sinh Trịnh Tuấn")

--- json.encode
assert(json.encode { text = "Chào" } == '{"text":"Chào"}')

--- json.decode
assert(json.decode('{"n":1}').n == 1)

--- id.new
assert(id.new() < id.new())

--- log.info
log.info("imported", { rows = 12 })

--- log.warn
log.warn("a name stands twice", { name = "Lan" })

--- log.error
log.error("the file cannot be read", { file = "2021.csv" })

--- t
assert(t("hello", { name = "Lan" }) == "Chào Lan") -- locale/vi.lua: return { hello = "Chào {name}" }

--- on at load
on("content.before_submit", function(event)
  local item = content.get(event.type, event.item)
  if #item.body < 3 then error { code = "mine.too_short", message = "The text is too short." } end
end)
on("content.published", function(event)
  log.info("published", { item = event.item }) -- after the commit, as a durable run
end)

--- events.emit
events.emit("reference.counted", { n = 3 })
