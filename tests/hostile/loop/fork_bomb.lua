-- expect: survives
-- mode: loop
--- chunk
local function bomb() for _ = 1, 2 do pcall(loop.spawn, function() return bomb() end) end end
--- attack
local function spread(n) if n > 0 then for _ = 1, 2 do pcall(loop.spawn, function() spread(n - 1) end) end end end
spread(8)
