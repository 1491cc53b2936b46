-- expect: survives
--- chunk
content.type("content_fields_x", { fields = { title = "text!", n = "integer", body = "markdown" }, title = "title" })
--- attack
for _, f in ipairs { { title = "x", n = 1.5 }, { title = {} }, { title = "x", status = "published" }, { title = "x", state = "approved" },
  { title = "x", id = 1 }, { title = "x", hash = "x" }, { title = "a\xff" }, { nothing = 1, title = "x" } } do
  assert(not pcall(content.create, "content_fields_x", f))
end
