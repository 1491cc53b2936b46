-- expect: limit.size | limit.memory | template.
-- mode: get
local piece, list = ("x"):rep(1 << 20), {}
for i = 1, 1024 do list[i] = { text = piece } end
return page("a", { list = list })
--- file templates/a.html
{{#list}}{{text}}{{/list}}
