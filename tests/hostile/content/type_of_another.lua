-- expect: .
-- mode: load
content.type("good_note", { fields = { title = "text!" } })
