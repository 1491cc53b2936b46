-- expect: template.work | limit.time
-- mode: post
-- A name is looked for among a hundred thousand, for each of as many.
local wide, list = {}, {}
for i = 1, 20000 do wide["k" .. i] = i; list[i] = 1 end
wide.list = list
return page("a", wide)
--- file templates/a.html
{{#list}}{{nothing}}{{/list}}
