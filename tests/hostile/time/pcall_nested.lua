-- expect: limit.time
local function f(n) while true do pcall(n < 100 and f or error, n + 1) end end
f(1)
