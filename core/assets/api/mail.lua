-- Examples of mail.* and run:mail (see content.lua for how they are read). The plugin's locale/ has the template as
-- ["mail.invited.subject"] and ["mail.invited.text"], in each language.

--- mail.send
local persons = mail.send { to = { position = "editor" }, template = "invited", data = { what = "the opening" } }
assert(persons == 1, "one holds the position; who has no address reads it in the app")

--- run:mail
local persons = run:mail { to = { people.person("editor"), people.person("chief") }, template = "invited",
  topic = "events", -- its readers may unsubscribe from this plugin's topic "events"
  data = { what = "the opening", day = date.parse("04/01/2021") } }
assert(persons == 2)
