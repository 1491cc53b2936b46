-- expect: template.work
-- mode: get
-- Lists within lists: a billion turns that write nothing.
local list = {}
for i = 1, 1000 do list[i] = 1 end
return page("a", { list = list })
--- file templates/a.html
{{#list}}{{#list}}{{#list}}{{/list}}{{/list}}{{/list}}
