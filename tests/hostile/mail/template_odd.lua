-- expect: survives
-- needs: "flow", "storage", "people", "mail"
for _, name in ipairs { "", "../x", "x.subject", ("x"):rep(100000), "x\0", "y" } do
  assert(not pcall(mail.send, { to = people.person("boss"), template = name, data = { a = "a" } }), name)
end
for _, topic in ipairs { "", "a b", "a\r\n", ("t"):rep(1000), "Ä" } do
  assert(not pcall(mail.send, { to = people.person("boss"), template = "x", topic = topic, data = { a = "a", b = "b" } }), topic)
end
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
