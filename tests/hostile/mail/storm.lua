-- expect: limit.time | survives | limit.queue
-- needs: "flow", "storage", "people", "mail"
for i = 1, 3000 do mail.send { to = people.person("boss"), template = "x", data = { a = "a" .. i, b = "b" } } end
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
