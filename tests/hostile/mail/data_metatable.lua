-- expect: survives
-- needs: "flow", "storage", "people", "mail"
local d = setmetatable({ a = "x" }, { __index = function() error("called") end, __pairs = function() error("called") end })
pcall(mail.send, { to = people.person("boss"), template = "x", data = d })
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
