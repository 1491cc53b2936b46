-- expect: invalid.value
-- mode: get
local t = {}
t.t = t
return page("a", t)
--- file templates/a.html
<p>{{t.t}}</p>
