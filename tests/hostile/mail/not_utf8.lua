-- expect: text.utf8
-- needs: "flow", "storage", "people", "mail"
run:mail { to = people.person("boss"), template = "x", data = { a = "\xff\xfe", b = "y" } }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
