-- expect: survives | limit.time
--- chunk
content.type("content_find", { fields = { title = "text!" }, title = "title" })
--- attack
for _, t in ipairs { "content_find; drop table item", "", "\xff", ("x"):rep(1 << 20), "sqlite_master", "../x" } do assert(not pcall(content.find, t)) end
for _, w in ipairs { { title = { "like", "%" } }, { ["title) or (1=1"] = 1 }, { ["or"] = "x" }, { ["or"] = { 1, 2 } } } do
  local ok, list = pcall(content.find, "content_find", w)
  assert(not ok or #list == 0)
end
