-- expect: value.cycle | limit.depth | invalid.value | value.depth | vm.depth
-- needs: "flow", "storage", "people", "mail"
local d = { a = "x", b = "y" }
d.c = d
run:mail { to = people.person("boss"), template = "x", data = d }
--- file locale/vi.lua
return { ["mail.x.subject"] = "{a}", ["mail.x.text"] = "{b}" }
