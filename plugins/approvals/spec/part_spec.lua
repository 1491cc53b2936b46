-- Steps that answer for a part of the text: an edit asks only those again whose part changed.

local function holder(position, unit, person)
  return { position = position, unit = unit, person = person, from = "2020-01-01" }
end

local org = {
  units = { { code = "press", name = "Press board", kind = "board", from = "2020-01-01" } },
  positions = {
    { code = "editor", title = "Editor", roles = { "editor" } }, { code = "lawyer", title = "Lawyer" },
    { code = "checker", title = "Checker" }, { code = "chief", title = "Chief", roles = { "editor" } },
  },
  persons = {
    { code = "writer", name = "A Writer" }, { code = "ed", name = "The Editor" }, { code = "law", name = "The Lawyer" },
    { code = "c1", name = "First Checker" }, { code = "c2", name = "Second Checker" },
    { code = "boss", name = "The Chief" },
  },
  holders = {
    holder("editor", "press", "ed"), holder("lawyer", "press", "law"), holder("checker", "press", "c1"),
    holder("checker", "press", "c2"), holder("chief", "press", "boss"),
  },
  role_holders = { { role = "author", person = "writer", unit = "press", from = "2020-01-01" } },
}

local function step(name, position, fields)
  local made = { name = name, to = { position = position, unit = "item" } }
  for key, value in pairs(fields or {}) do made[key] = value end
  return made
end

local words = step("words", "editor", { part = { "title", "body" } })
local lead = step("lead", "lawyer", { part = { "lead" } })
local all = step("all", "chief")

local function paper(t)
  return t:as("writer"):article { title = "A paper", lead = "A lead.", body = "Words.", unit = people.unit("press") }
end

local function edit(t, item, fields)
  t:as("writer"):call("content.edit", content.get("article", item.id), fields)
end

local function start(t, item, steps)
  return t:start("chain", { type = "article", item = item.id, steps = steps })
end

local function decide(t, run, name, who, answer)
  t:expect_task(run, { title = name .. ": " .. "A paper" }):decide(who, answer or { decision = "approve" })
end

-- What was asked, in order, and what came of it.
local function record(item)
  local lines = {}
  local rows = storage.sql("select name, decision from step where item = :item order by id", { item = item.id })
  for _, row in ipairs(rows) do
    lines[#lines + 1] = row.name .. " " .. row.decision
  end
  return lines
end

local function is_approved(run, item, rounds)
  local result = flow.get(run).result
  return result and result.decision == "approve" and result.hash == content.get("article", item.id).hash
    and result.answer.hash == result.hash and result.rounds == rounds
end

describe("a part", function()
  before_each(function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
  end)

  it("that is as it was is not asked for again when the whole is", function(t)
    local item = paper(t)
    local run = start(t, item, { words, lead, all })
    decide(t, run, "words", "ed")
    decide(t, run, "lead", "law")
    edit(t, item, { lead = "Another lead." })
    decide(t, run, "lead", "law")
    decide(t, run, "all", "boss")
    t:equal(record(item), { "words approve", "lead approve", "all voided", "lead approve", "all approve" })
    t:expect(is_approved(run, item, 2))
  end)

  it("is asked for again when it was changed while another was read", function(t)
    local item = paper(t)
    local run = start(t, item, { words, lead })
    decide(t, run, "words", "ed")
    edit(t, item, { body = "Other words." })
    decide(t, run, "lead", "law")
    decide(t, run, "words", "ed")
    t:equal(record(item), { "words approve", "lead approve", "words approve" })
    t:expect(is_approved(run, item, 2))
  end)

  it("stays where the edit was of what is read now", function(t)
    local item = paper(t)
    local run = start(t, item, { words, lead })
    decide(t, run, "words", "ed")
    edit(t, item, { lead = "Another lead." })
    decide(t, run, "lead", "law")
    t:equal(record(item), { "words approve", "lead approve" })
    t:expect(is_approved(run, item, 1))
    local said = flow.get(run).result.approvals
    t:expect(said[1].revision == 1 and said[2].revision == 2 and said[2].part[1] == "lead")
  end)

  it("is asked for again when who approved it has edited another since, and of others", function(t)
    t:org {
      persons = { { code = "ed2", name = "Another Editor" } }, holders = { holder("editor", "press", "ed2") },
    }
    local item = paper(t)
    local run = start(t, item, { words, lead, all })
    decide(t, run, "words", "ed")
    t:as("ed"):call("content.edit", content.get("article", item.id), { lead = "The editor's lead." })
    decide(t, run, "lead", "law")
    t:expect_task(run, { person = people.person("ed2") }):decide("ed2", { decision = "approve" })
    decide(t, run, "all", "boss")
    t:equal(record(item), { "words approve", "lead approve", "words approve", "all approve" })
    t:expect(is_approved(run, item, 2))
  end)

  it("of nobody is everybody's", function(t)
    local item = paper(t)
    local run = start(t, item, { words, lead })
    decide(t, run, "words", "ed")
    edit(t, item, { byline = "Another" })
    decide(t, run, "lead", "law")
    decide(t, run, "words", "ed")
    t:equal(record(item), { "words approve", "lead approve", "words approve" })
    t:expect(is_approved(run, item, 2))
  end)

  it("of who was left out is everybody's, too", function(t)
    local item = paper(t)
    local never = step("never", "checker", { part = { "byline" }, when = { field = "title", value = "x" } })
    local run = start(t, item, { words, never, lead })
    decide(t, run, "words", "ed")
    edit(t, item, { byline = "Another" })
    decide(t, run, "lead", "law")
    decide(t, run, "words", "ed")
    t:expect(is_approved(run, item, 2))
  end)

  it("is kept side by side; who answers for the whole is asked again alone", function(t)
    local item = paper(t)
    local run = start(t, item, { { name = "both", parallel = { words, lead, all } } })
    decide(t, run, "words", "ed")
    local open = t:expect_task(run, { title = "lead: A paper" })
    edit(t, item, { lead = "Another lead." })
    t:expect(t:expect_task(run, { title = "lead: A paper" }).id == open.id, "the lawyer's task is the same")
    decide(t, run, "all", "boss")
    decide(t, run, "lead", "law")
    t:equal(record(item), { "words approve", "all voided", "all approve", "lead approve" })
    t:expect(is_approved(run, item, 2))
  end)

  it("that was approved side by side is asked for again alone", function(t)
    local item = paper(t)
    local run = start(t, item, { { name = "both", parallel = { words, lead } } })
    decide(t, run, "words", "ed")
    edit(t, item, { title = "A paper", body = "Other words." })
    decide(t, run, "lead", "law")
    decide(t, run, "words", "ed")
    t:equal(record(item), { "words approve", "lead approve", "words approve" })
    t:expect(is_approved(run, item, 2))
  end)

  it("is asked of each of a group, of whom nobody is asked again for another part", function(t)
    local item = paper(t)
    local group = step("checked", "checker", { part = { "lead" }, quorum = "all" })
    local run = start(t, item, { words, group })
    decide(t, run, "words", "ed")
    t:expect_task(run, { person = people.person("c1") }):decide("c1", { decision = "approve" })
    edit(t, item, { lead = "Another lead." })
    t:expect_task(run, { person = people.person("c2") }):decide("c2", { decision = "approve" })
    t:expect(flow.get(run).result == nil, "the first has not seen the new lead")
    t:expect_task(run, { person = people.person("c1") }):decide("c1", { decision = "approve" })
    t:equal(record(item), { "words approve", "checked approve", "checked approve" })
    t:expect(is_approved(run, item, 1))
  end)

  it("stays over a return to the author, who changed another; who returned it is asked", function(t)
    local item = paper(t)
    local run = start(t, item, { words, lead })
    decide(t, run, "words", "ed")
    edit(t, item, { lead = "Another lead." })
    decide(t, run, "lead", "law", { decision = "return", comment = "Still wrong." })
    t:expect(content.get("article", item.id).state == "draft")
    edit(t, item, { lead = "A good lead." })
    t:as("writer"):call("content.submit", content.get("article", item.id))
    decide(t, run, "lead", "law")
    t:equal(record(item), { "words approve", "lead return", "lead approve" })
    t:expect(is_approved(run, item, 2))
  end)
end)
