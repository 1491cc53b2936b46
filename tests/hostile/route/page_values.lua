-- expect: survives
-- mode: get
local seen = 0
local spy = setmetatable({}, { __index = function() seen = seen + 1 return "<b>" end, __tostring = function() return "<b>" end })
local answer = page("a", { x = "<script>alert(1)</script>\27\"'", nan = 0 / 0, inf = 1 / 0, e = { code = "x", message = "<i>" } })
assert(answer.html:find("<script", 1, true) == nil and select(2, answer.html:gsub("\27", "")) == 1, answer.html)
assert(answer.html:find("&lt;script&gt;", 1, true) and answer.html:find("&quot;&#39;", 1, true))
for _, bad in ipairs { "../plugin", "/etc/passwd", "a.html", "", "a\0b", ("x"):rep(100000) } do
  local ok, e = pcall(page, bad, {})
  assert(not ok and (e.code == "template.missing" or e.code:find("^invalid%.")), bad)
end
for _, bad in ipairs { print, coroutine.create(print) } do assert(not pcall(page, "a", { x = bad })) end
assert(not pcall(page, "a", { list = { x = 1 } }), "a table is no text")
assert(not pcall(page, "a", {}, { frame = false }), "there is no such option")
pcall(page, "a", spy)
assert(seen == 0, "a metamethod was called")
return answer
--- file templates/a.html
<p title="{{x}}">{{x}} {{nan}} {{inf}} {{e.message}} {{list}} {{nothing.at.all}}</p>{{csrf}}
