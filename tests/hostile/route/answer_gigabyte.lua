-- expect: limit.size | limit.memory | route.large
-- mode: get
local piece, list = ("x"):rep(1 << 20), {}
for i = 1, 1024 do list[i] = piece end
return { json = list }
