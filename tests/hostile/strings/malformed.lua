-- expect: survives | limit.time
for _, p in ipairs { "%", "[", "[%", "[a", "[]", "[^", "(", ")", "(()", "%b", "%bx", "%f", "%1", "(%1)", "%9", "[a-%", ("("):rep(40), ("(x"):rep(33), "%g%", "\0[", "[\0" } do
  for _, f in ipairs { string.find, string.match, string.gsub } do pcall(f, "some text (here)", p, "x") end
  pcall(function() for _ in ("x"):gmatch(p) do end end)
end
assert(not pcall(string.gsub, "x", "x", "%2"))
assert(not pcall(string.gsub, "x", "x", "%"))
assert(not pcall(string.rep, "x", -1) == false)
