-- The way of an article to the public, with one editor and a chief editor.

local org = {
  units = {
    { code = "office", name = "Office", kind = "office", from = "2020-01-01" },
    { code = "press", name = "Press board", kind = "board", parent = "office", from = "2020-01-01" },
  },
  positions = {
    { code = "editor", title = "Editor", roles = { "editor" } },
    { code = "chief_editor", title = "Chief editor", roles = { "editor" } },
  },
  persons = {
    { code = "writer", name = "A Writer" },
    { code = "editor", name = "An Editor" },
    { code = "chief", name = "The Chief" },
  },
  holders = {
    { position = "editor", unit = "press", person = "editor", from = "2020-01-01" },
    { position = "chief_editor", unit = "office", person = "chief", from = "2020-01-01" },
  },
  role_holders = {
    { role = "author", person = "writer", unit = "press", from = "2020-01-01" },
  },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local function article(t, publish_at)
  return t:as("writer"):article {
    title = "Ten households", body = "First.\n\nSecond.", unit = people.unit("press"), publish_at = publish_at,
  }
end

local function edit(t, item, fields)
  t:as("writer"):call("content.edit", content.get("article", item.id), fields)
end

describe("publish", function()
  it("lets nobody who starts it name the readers", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = article(t)
    local own = { { name = "friend", to = { person = people.person("chief").id } } }
    for _, way in ipairs { { steps = own }, { chain = "own" } } do
      local run = t:as("writer"):start("publish", { article = item.id, steps = way.steps, chain = way.chain })
      t:expect(flow.get(run).error.code == "publication.way")
    end
    t:expect(content.get("article", item.id).state == "draft")
  end)

  it("publishes an approved article at its hour and not before", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = article(t, "2021-01-05 08:00")
    local run = t:start("publish", { article = item.id })
    t:as("editor"):decide({ about = item.id }, { decision = "approve" })
    t:equal(content.get("article", item.id).state, "approved")

    t:clock("2021-01-05 07:59")
    t:expect(content.get("article", item.id, { published = true }) == nil)
    t:clock("2021-01-05 08:00")
    t:expect(content.get("article", item.id).state == "published")
    t:expect(flow.get(run).result.url == "/article/ten-households")
  end)

  it("follows a new hour that was set after the approval", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = article(t, "2021-01-05 08:00")
    t:start("publish", { article = item.id })
    t:expect_task(nil, { position = "editor" }):decide("editor", { decision = "approve" })
    edit(t, item, { publish_at = "2021-01-06 08:00" })

    t:clock("2021-01-05 08:00")
    t:expect(content.get("article", item.id).state == "approved")
    t:clock("2021-01-06 08:00")
    t:expect(content.get("article", item.id).state == "published")
  end)

  it("has a text read again that was changed while it waited for its hour", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = article(t, "2021-01-05 08:00")
    t:start("publish", { article = item.id })
    t:expect_task(nil, { position = "editor" }):decide("editor", { decision = "approve" })
    edit(t, item, { body = "Another text." })

    t:clock("2021-01-05 08:00")
    t:expect(content.get("article", item.id, { published = true }) == nil)
    t:expect_task(nil, { position = "editor" }):decide("editor", { decision = "approve" })
    t:expect(content.get("article", item.id).state == "published")
    t:expect(content.get("article", item.id, { published = true }).body == "Another text.")
  end)

  it("escalates after two working days", function(t)
    t:org(org)
    t:clock("2021-01-08 09:00")
    local item = article(t, "2021-01-20 08:00")
    t:start("publish", { article = item.id })
    t:advance("2 working days")
    t:expect_task(nil, { position = "chief_editor" }):decide("chief", { decision = "approve" })
    t:advance("2w")
    t:expect(content.get("article", item.id).state == "published")
  end)

  it("ends without publishing when the article is put away", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = article(t)
    local run = t:start("publish", { article = item.id })
    local task = t:expect_task(nil, { position = "editor" })
    t:as("chief"):call("content.archive", content.get("article", item.id), "not news")
    task:decide("editor", { decision = "approve" })
    t:expect(flow.get(run).result.published == false)
  end)
end)
