-- expect: limit.size
-- mode: get
local list = {}
for i = 1, 3000 do list[i] = people.unit("office") end
return { json = list }
