-- expect: invalid.value
-- mode: post
local t = {}
t.t = t
return { json = t }
