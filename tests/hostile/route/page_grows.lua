-- expect: template.size | limit.size | template.work
-- mode: get
-- A small text many times.
local list = {}
for i = 1, 3000 do list[i] = ("&"):rep(3000) end
return page("a", { list = list })
--- file templates/a.html
{{#list}}{{.}}{{.}}{{.}}{{/list}}
