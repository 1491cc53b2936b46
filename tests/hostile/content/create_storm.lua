-- expect: limit.
--- chunk
content.type("content_storm", { fields = { title = "text!" }, title = "title" })
--- attack
while true do content.create("content_storm", { title = "x" }) end
