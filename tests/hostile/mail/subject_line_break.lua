-- expect: mail.subject
-- needs: "flow", "storage", "people", "mail"
run:mail { to = people.person("boss"), template = "x", data = { a = "x\r\nBcc: evil@example.org", b = "y" } }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
