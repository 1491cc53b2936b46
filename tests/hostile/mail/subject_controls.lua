-- expect: survives
-- needs: "flow", "storage", "people", "mail"
for _, a in ipairs { "a\nb", "a\rb", "a\27[2Jb", "\127", "", ("x"):rep(501) } do
  assert(not pcall(mail.send, { to = people.person("boss"), template = "x", data = { a = a, b = "y" } }), a)
end
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
