-- expect: survives | limit.time
--- chunk
content.type("content_large", { fields = { title = "text!", body = "markdown" }, title = "title" })
--- attack
for _, n in ipairs { 4 << 20 } do
  assert(not pcall(content.create, "content_large", { title = "x", body = ("x"):rep(n) }))
end
