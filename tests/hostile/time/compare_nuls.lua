-- expect: limit.time
local a, b = string.rep("\0", 1 << 21), string.rep("\0", 1 << 21)
while true do local _ = a < b, table.sort { a, b } end
