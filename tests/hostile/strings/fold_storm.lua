-- expect: limit.
local s = ("\u{1ea4}"):rep(80000)
while true do pcall(text.fold, s) end
