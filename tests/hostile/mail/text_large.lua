-- expect: limit.size | limit.memory | limit.text
-- needs: "flow", "storage", "people", "mail"
run:mail { to = people.person("boss"), template = "x", data = { a = "x", b = ("y"):rep(1 << 20) } }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
