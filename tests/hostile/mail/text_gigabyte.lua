-- expect: limit.memory | limit.size | limit.text | limit.time | resulting string too large
-- needs: "flow", "storage", "people", "mail"
run:mail { to = people.person("boss"), template = "x", data = { a = "x", b = ("y"):rep(1 << 30) } }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
