-- expect: survives | limit.
--- chunk
content.type("content_diff_large", { fields = { title = "text!", body = "markdown" }, title = "title" })
--- attack
local a, b = {}, {}
for i = 1, 4000 do a[i], b[i] = "a" .. i, "b" .. i * 7 end
local item = content.create("content_diff_large", { title = "x", body = table.concat(a, "\n") })
item = content.edit(item, { body = table.concat(b, "\n") })
for _ = 1, 1e9 do pcall(content.diff, item, 1, 2) end
