-- expect: survives | limit.time
--- chunk
content.type("content_markdown", { fields = { title = "text!", body = "markdown" }, title = "title", lint = { repeats = true } })
--- attack
for _, s in ipairs { "[", "> ", "**a" } do
  local ok, item = pcall(content.create, "content_markdown", { title = "x", body = s:rep(1000) })
  if ok then pcall(content.lint, item) end
end
