-- expect: limit.
--- chunk
content.type("content_lint", { fields = { title = "text!", body = "markdown" }, title = "title", lint = { repeats = true } })
--- attack
local item = content.create("content_lint", { title = "x", body = ("one two three four. "):rep(10000) })
while true do pcall(content.lint, item) end
