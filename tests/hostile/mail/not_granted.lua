-- expect: denied.capability
-- needs: "flow", "storage", "people"
run:mail { to = people.person("boss"), template = "x", data = { a = "a", b = "b" } }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
