-- expect: survives
-- needs: "flow", "storage", "people", "mail"
for _, to in ipairs { "evil@example.org", "boss\r\nx", {}, { {} }, { { { 1 } } }, { position = "\0" }, { role = {} }, 0/0, -1, 2^53, { email = "a@b" },
  setmetatable({}, { __index = { position = "head" } }) } do
  local ok, err = pcall(mail.send, { to = to, template = "x", data = { a = "a", b = "b" } })
  assert(not ok or err == 0, "nobody is written to")
end
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
