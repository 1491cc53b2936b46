-- expect: limit.time
local function f() return 1 + f() end
local function g() local ok = pcall(f) assert(not ok) end
g()
local function h() return pcall(h) end
h()
while true do end
