-- A chain of two readers, the second of whom may return to the first. What they read are articles of the plugin
-- publication, which stands beside this one.

local org = {
  units = {
    { code = "office", name = "Office", kind = "office", from = "2020-01-01" },
    { code = "press", name = "Press board", kind = "board", parent = "office", from = "2020-01-01" },
  },
  positions = {
    { code = "head", title = "Head", roles = { "editor" } },
    { code = "form_head", title = "Head of form", roles = { "editor" } },
  },
  persons = {
    { code = "writer", name = "A Writer" },
    { code = "head", name = "The Head" },
    { code = "deputy", name = "The Deputy" },
    { code = "form", name = "Head of Form" },
    { code = "top", name = "The Top" },
  },
  holders = {
    { position = "head", unit = "press", person = "head", from = "2020-01-01" },
    { position = "head", unit = "office", person = "top", from = "2020-01-01" },
    { position = "form_head", unit = "office", person = "form", from = "2020-01-01" },
  },
  role_holders = {
    { role = "author", person = "writer", unit = "press", from = "2020-01-01" },
  },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local steps = {
  { name = "content", title = "Content: {title}", to = { position = "head", unit = "item" }, lint = true },
  { name = "form", to = { position = "form_head" }, may_return_to = "content" },
}

local function paper(t, author)
  return t:as(author or "writer"):article {
    title = "A paper", body = "Two  spaces.", unit = people.unit("press"),
  }
end

local function edit(t, item, fields)
  t:as("writer"):call("content.edit", content.get("article", item.id), fields)
end

local function start(t, item, list)
  return t:start("chain", { type = "article", item = item.id, steps = list or steps })
end

describe("chain", function()
  it("asks one after another and says who approved what", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = paper(t)
    local run = start(t, item)
    t:expect_task(run, { title = "Content: A paper" }):decide("head", { decision = "approve" })
    t:expect_task(run, { title = "form: A paper" }):decide("form", { decision = "approve" })

    local result = flow.get(run).result
    t:expect(result.decision == "approve" and result.rounds == 1)
    t:expect(#result.approvals == 2 and result.approvals[2].step == "form")
    t:expect(result.hash == content.get("article", item.id).hash)
  end)

  it("returns to the author with the findings of the lint, and begins anew when handed in again", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = paper(t)
    local run = start(t, item)
    t:expect_task(run, { position = "head" }):decide("head", { decision = "return", comment = "See the lint." })
    t:expect(content.get("article", item.id).state == "draft")
    local history = content.history(content.get("article", item.id))
    local reason = history[#history].reason
    t:expect(reason:find("See the lint.", 1, true) ~= nil and reason:find("- body:", 1, true) ~= nil)

    edit(t, item, { body = "Two spaces." })
    t:as("writer"):call("content.submit", content.get("article", item.id))
    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    t:expect_task(run, { position = "form_head" }):decide("form", { decision = "approve" })
    t:expect(flow.get(run).result.rounds == 2)
  end)

  it("goes back to an earlier step where the step may return to it", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local run = start(t, paper(t))
    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    t:expect_task(run, { position = "form_head" })
      :decide("form", { decision = "return", return_to = "content", comment = "Read it again." })
    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    t:expect_task(run, { position = "form_head" }):decide("form", { decision = "approve" })
    t:expect(flow.get(run).result.rounds == 1)
  end)

  it("voids what was said when the text is changed meanwhile", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local item = paper(t)
    local run = start(t, item)
    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    t:expect_task(run, { position = "form_head" })
    edit(t, item, { body = "Another text." })

    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    t:expect_task(run, { position = "form_head" }):decide("form", { decision = "approve" })
    t:expect(flow.get(run).result.hash == content.get("article", item.id).hash)
    local rows = storage.sql("select decision from step where item = :item order by id", { item = item.id })
    t:expect(#rows == 4 and rows[2].decision == "voided")
  end)

  it("asks the level above when the only holder wrote the text", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local run = start(t, paper(t, "head"))
    t:expect_task(run, { position = "head" }):decide("top", { decision = "approve" })
    t:expect_task(run, { position = "form_head" }):decide("form", { decision = "approve" })
    t:expect(flow.get(run).result.decision == "approve")
  end)

  it("refuses steps that cannot work before anybody is asked", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    for _, bad in ipairs {
      {},
      { { to = { position = "head", unit = "item" } } },
      { { name = "content" } },
      { { name = "content", to = { position = "head" }, wihtin = "2d" } },
      { { name = "content", to = { position = "head" }, may_return_to = "form" } },
    } do
      local run = start(t, paper(t), bad)
      t:expect(flow.get(run).state ~= "completed")
      t:expect(flow.get(run).error.code:find("approvals.", 1, true) == 1)
    end
  end)
end)
