-- expect: survives
--- chunk
content.type("content_state", { fields = { title = "text!" }, title = "title", approval = true })
--- attack
local item = content.create("content_state", { title = "x" })
assert(not pcall(content.publish, item))
assert(not pcall(function() item.state = "published" end))
assert(not pcall(rawset, item, "state", "published"))
assert(not pcall(content.edit, item, { state = "published" }))
assert(content.get("content_state", item.id).state == "draft")
