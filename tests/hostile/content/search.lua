-- expect: survives | limit.time
for _, q in ipairs { '"', "*", "a AND", "NEAR(", "title:x", "- -", ("a "):rep(10000), "\0", "\xff", "x' or 1=1", "^", "{a b}:c" } do pcall(content.search, q) end
