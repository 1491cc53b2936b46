-- expect: survives
-- needs: "flow", "storage", "people", "mail"
mail.send { to = people.person("boss"), template = "x", data = { a = 0/0, b = -1/0 } }
mail.send { to = people.person("boss"), template = "x", data = { a = "{a}{b}{to}", b = "{b}{to}" } }
for _, data in ipairs { "text", 1, true } do
  assert(not pcall(mail.send, { to = people.person("boss"), template = "x", data = data }))
end
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
