-- expect: limit.
local s = string.rep("\u{10FFFF}", 1 << 20)
while true do utf8.len(s) end
