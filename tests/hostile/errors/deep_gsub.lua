-- expect: survives | limit.time
local function deep(s) return (s:gsub(".", deep)) end
assert(not pcall(deep, "x"))
local function sorted() table.sort({ 3, 2, 1 }, sorted) end
assert(not pcall(sorted))
