-- expect: survives
-- mode: loop
local columns = ("|a"):rep(5000) .. "|\n" .. ("|-"):rep(5000) .. "|\n"
local lines = columns .. ("|a\n"):rep(50000)
for _, s in ipairs { lines:sub(1, 130000), ("> "):rep(5000), ("1. "):rep(5000), ("![[]()"):rep(20000), ("*a _"):rep(20000), ("x"):rep(300000) } do
  local ok, err = pcall(text.markdown, s)
  assert(not ok and err.code:match("^markdown%."), tostring(err))
end
for _, v in ipairs { {}, 0 / 0, setmetatable({}, { __tostring = function() return "x" end }), function() end } do
  assert(not pcall(text.markdown, v))
end
assert(not text.markdown("[x](javascript:alert(1)) <script>alert(1)</script>"):find("script>", 1, true))
