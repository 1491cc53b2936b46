-- expect: survives | limit.time
-- keeps: yes
local function branch(n) return function() if n > 0 then run:all { a = branch(n - 1), b = function() end } end end end
pcall(branch(60))
