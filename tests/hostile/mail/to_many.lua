-- expect: people.too_many
-- needs: "flow", "storage", "people", "mail"
local to = {}
for i = 1, 10000 do to[i] = i end
run:mail { to = to, template = "x", data = { a = "a", b = "b" } }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
