-- expect: limit.size | limit.memory | route.large
-- mode: get
local piece, list = ("\1"):rep(1 << 20), {}
for i = 1, 15 do list[i] = piece end
return { json = list }
