-- expect: survives | limit.time
local s = ("\u{1ea4}"):rep(1000000)
for _, f in ipairs { text.fold, text.slug } do assert(not pcall(f, s)) end
