-- expect: plugin.declared_twice
-- mode: load
content.type("good_note", { fields = { title = "text!" } })
