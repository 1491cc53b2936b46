-- What the examples of the reference can build on: they are parts of this plugin.
content.type("article", {
  fields = { title = "text!", body = "markdown!", publish_at = "instant", unit = "unit" },
  title = "title", slug = "title", unit = true, approval = true,
})
local nominations = storage.table("nomination", {
  fields = { nominee = "text!", year = "integer!", score = "number", unit = "unit" },
  unique = { { "year", "nominee" } }, index = { { "year", "-score" } },
})
flow.define("greet", { input = { name = "text!" } }, function(_, input)
  return "Chào " .. input.name
end)
flow.define("patient", {}, function(run)
  return run:wait("office.opened")
end)
on("office.before_closing", function() end)

-- An article as three people need it below.
local function new_article(fields)
  fields = fields or {}
  fields.title = fields.title or "Mười hộ thoát nghèo"
  fields.body = fields.body or "Một.\n\nHai."
  return content.create("article", fields)
end

-- A reader's approval of the text as it is now.
local function approved(run, item)
  local answer = run:ask { to = people.person("editor"), title = "Review", about = item,
    form = { decision = "choice:approve,return!" } }
  return content.approve(content.get("article", item.id), { by = answer })
end
