-- expect: survives
for _, n in ipairs { 1 << 24, 1 << 30, 1 << 40, 1 << 62 } do assert(not pcall(string.rep, "x", n + 1)) end
for _, n in ipairs { 1 << 20, 1 << 30 } do assert(not pcall(string.rep, "abcdefgh", n, string.rep(",", 64))) end
