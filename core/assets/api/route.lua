-- Examples of route.* (see content.lua for how they are read).

--- route.get at load
-- GET /x/reference/nominations/2021?least=80
route.get("/nominations/{year}", {
  title = { vi = "Các đề cử của một năm", en = "Nominations of a year" },
  params = { year = "integer" }, query = { least = { "number", default = 0 } },
  output = { { nominee = "text!", score = "number" } }, access = "public",
}, function(req)
  local list = {}
  for _, row in ipairs(nominations:find { year = req.params.year, score = { ">=", req.query.least } }) do
    list[#list + 1] = { nominee = row.nominee, score = row.score }
  end
  return { json = list }
end)

--- route.post at load
-- What is answered is kept; an error rolls back.
route.post("/nominations", { input = { nominee = "text!", year = "integer!" }, output = { id = "integer!" } },
function(req)
  if not req.user then error { code = "reference.nobody", message = "Only a person nominates." } end
  local id = nominations:insert(req.json)
  return { status = 201, json = { id = id }, headers = { Location = "/x/reference/nominations/" .. req.json.year } }
end)

--- route.put at load
route.put("/notes/{name}", { input = { text = "text!" } }, function(req)
  storage.kv.set("note " .. req.params.name, req.json.text)
end)

--- route.patch at load
route.patch("/nominations/{id}", { params = { id = "integer" }, input = { score = "number!" } }, function(req)
  nominations:update(req.params.id, { score = req.json.score })
end)

--- route.delete at load
route.delete("/nominations/{id}", { params = { id = "integer" }, access = { role = "editor" } }, function(req)
  nominations:delete(req.params.id)
end)

--- page
-- templates/nominations.html: <ul>{{#rows}}<li>{{nominee}}</li>{{/rows}}</ul><p>{{t:hello}}</p>
-- In a route: return page("nominations", { rows = … }, { title = "2021" }); forms hold {{csrf}}.
local answer = page("nominations", { rows = { { nominee = "Lan & Mai" } }, name = "Hoa" }, { title = "2021" })
assert(answer.html == "<ul><li>Lan &amp; Mai</li></ul><p>Chào Hoa</p>")
