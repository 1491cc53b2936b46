-- Chains as data: set up by a chief editor as an item, published, and gone by.

local function holder(position, unit, person)
  return { position = position, unit = unit, person = person, from = "2020-01-01" }
end

local org = {
  units = {
    { code = "office", name = "Office", kind = "office", from = "2020-01-01" },
    { code = "press", name = "Press board", kind = "board", parent = "office", from = "2020-01-01" },
    { code = "other", name = "Other office", kind = "office", from = "2020-01-01" },
  },
  positions = {
    { code = "head", title = "Head", roles = { "editor" } },
    { code = "reader", title = "Reader", roles = { "clerk" } },
    { code = "lawyer", title = "Lawyer", roles = { "clerk" } },
    { code = "director", title = "Director", roles = { "editor" } },
  },
  persons = {
    { code = "writer", name = "A Writer" }, { code = "head", name = "The Head" },
    { code = "r1", name = "First Reader" }, { code = "r2", name = "Second Reader" },
    { code = "r3", name = "Third Reader" }, { code = "law", name = "The Lawyer" },
    { code = "dir", name = "The Director" },
  },
  holders = {
    holder("head", "press", "head"), holder("reader", "press", "r1"), holder("reader", "press", "r2"),
    holder("reader", "press", "r3"), holder("lawyer", "office", "law"), holder("director", "office", "dir"),
    holder("director", "other", "dir"),
  },
  role_holders = { { role = "author", person = "writer", unit = "press", from = "2020-01-01" } },
  bodies = { { code = "council", name = "The Council", unit = "office", from = "2020-01-01" } },
  body_members = {
    { body = "council", person = "r1", from = "2020-01-01" }, { body = "council", person = "law", from = "2020-01-01" },
  },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local head = { name = "head", to = { position = "head", unit = "item" }, within = "2 working days" }
local readers = { name = "readers", to = { position = "reader", unit = "item" }, quorum = "2/3" }
local law = { name = "law", to = { position = "lawyer" } }
local director = { name = "director", to = { position = "director", level = "office" }, may_return_to = "any" }

local function paper(t, fields)
  fields = fields or {}
  fields.title, fields.body, fields.unit = fields.title or "A paper", "Words.", people.unit("press")
  return t:as("writer"):article(fields)
end

-- A chain of the office, published.
local function set_up(t, steps, fields)
  fields = fields or {}
  local chain = t:as("dir"):call("content.create", "approvals_chain", {
    title = fields.title or "Press", about = "article", unit = people.unit(fields.unit or "office"), steps = steps,
    starts = fields.starts,
  })
  return t:as("dir"):call("content.publish", chain)
end

local function start(t, item, chain)
  return t:start("case", { type = "article", item = item.id, chain = chain or "press" })
end

local function decide(t, run, title, who, decision, more)
  local answer = more or {}
  answer.decision = decision
  t:expect_task(run, { title = title .. ": A paper" }):decide(who, answer)
end

local function result(run)
  return flow.get(run).result
end

describe("a chain as data", function()
  before_each(function(t)
    t:org(org)
    t:clock("2021-01-04 09:00") -- a Monday
  end)

  it("is gone by step after step, and the text is approved at its end", function(t)
    set_up(t, { head, law })
    local item = paper(t)
    local run = start(t, item)
    decide(t, run, "head", "head", "approve")
    decide(t, run, "law", "law", "approve")
    t:expect(result(run).decision == "approve" and #result(run).approvals == 2)
    t:expect(content.get("article", item.id).state == "approved")
  end)

  it("keeps its own revision when the chain is edited while it runs", function(t)
    local chain = set_up(t, { head, law })
    local run = start(t, paper(t))
    local edited = t:as("dir"):call("content.edit", chain, { steps = { head, director } })
    t:as("dir"):call("content.publish", edited)
    decide(t, run, "head", "head", "approve")
    decide(t, run, "law", "law", "approve")
    t:expect(result(run).decision == "approve")
    local next_run = start(t, paper(t))
    decide(t, next_run, "head", "head", "approve")
    decide(t, next_run, "director", "dir", "approve")
    local rows = storage.sql("select chain_revision, state from chain_case order by id", {})
    t:equal(rows, { { chain_revision = 1, state = "approved" }, { chain_revision = 2, state = "approved" } })
  end)

  it("tells in its plan what each step will fill in, before anybody is asked", function(t)
    set_up(t, { head, { name = "both", parallel = { law, readers } }, director })
    local item = paper(t)
    local answer = t:as("writer"):get("/x/approvals/chain/press/plan", { item = item.id })
    local forms = {}
    for _, step in ipairs(answer.json.steps) do forms[step.step] = step.form end
    t:equal(forms.law, { decision = "choice:approve,return!", comment = "text" })
    t:equal(forms.director.return_to, "choice:author,head,both,law,readers")
    local run = start(t, item)
    local task = t:expect_task(run, { position = "head" })
    t:equal({ forms.head, task.form }, { forms.law, forms.law })
  end)

  it("wants two of three readers, and is over as soon as they have approved", function(t)
    set_up(t, { readers })
    local run = start(t, paper(t))
    t:expect_task(run, { person = people.person("r1") }):decide("r1", { decision = "approve" })
    t:expect_task(run, { person = people.person("r3") }):decide("r3", { decision = "approve" })
    t:expect(result(run).decision == "approve" and #result(run).approvals == 2)
  end)

  it("is returned as soon as the quorum cannot be reached any more", function(t)
    set_up(t, { readers })
    local item = paper(t)
    local run = start(t, item)
    t:expect_task(run, { person = people.person("r2") }):decide("r2", { decision = "return", comment = "Too long." })
    t:expect_task(run, { person = people.person("r3") }):decide("r3", { decision = "return", comment = "Too dull." })
    local now = content.get("article", item.id)
    local history = content.history(now)
    t:expect(now.state == "draft" and history[#history].reason == "Too long.\nToo dull.")
  end)

  it("is returned by one who says no where a veto is", function(t)
    local step = { name = "readers", to = readers.to, quorum = "2/3", veto = true }
    set_up(t, { step })
    local item = paper(t)
    local run = start(t, item)
    t:expect_task(run, { person = people.person("r2") }):decide("r2", { decision = "approve" })
    t:expect(content.get("article", item.id).state == "in_review")
    t:expect_task(run, { person = people.person("r3") }):decide("r3", { decision = "return", comment = "No." })
    local now = content.get("article", item.id)
    local history = content.history(now)
    t:expect(now.state == "draft" and history[#history].reason == "No.")
  end)

  it("asks side by side and goes on when all have approved", function(t)
    set_up(t, { { name = "both", parallel = { head, law } }, director })
    local run = start(t, paper(t))
    decide(t, run, "law", "law", "approve")
    t:expect(result(run) == nil, "the head has not answered yet")
    decide(t, run, "head", "head", "approve")
    decide(t, run, "director", "dir", "approve")
    t:expect(result(run).decision == "approve" and #result(run).approvals == 3)
  end)

  it("asks nobody any more when one side by side returns", function(t)
    set_up(t, { { name = "both", parallel = { head, law, readers } } })
    local item = paper(t)
    local run = start(t, item)
    decide(t, run, "law", "law", "return", { comment = "Not lawful." })
    t:expect(content.get("article", item.id).state == "draft")
    t:as("writer"):call("content.submit", content.get("article", item.id))
    decide(t, run, "law", "law", "approve")
  end)

  it("goes on when enough side by side have approved", function(t)
    set_up(t, { { name = "either", parallel = { head, law }, need = "any" } })
    local run = start(t, paper(t))
    decide(t, run, "law", "law", "approve")
    t:expect(result(run).decision == "approve" and result(run).approvals[1].step == "law")
  end)

  it("goes back to any step, also to one of those side by side", function(t)
    set_up(t, { { name = "both", parallel = { head, law } }, director })
    local run = start(t, paper(t))
    decide(t, run, "head", "head", "approve")
    decide(t, run, "law", "law", "approve")
    decide(t, run, "director", "dir", "return", { return_to = "law", comment = "Paragraph 2?" })
    decide(t, run, "law", "law", "approve")
    decide(t, run, "director", "dir", "return", { return_to = "both", comment = "Once more, both." })
    decide(t, run, "head", "head", "approve")
    decide(t, run, "law", "law", "approve")
    decide(t, run, "director", "dir", "approve")
    t:expect(result(run).rounds == 1 and #result(run).approvals == 3)
  end)

  it("asks another above when the one above wrote the text", function(t)
    set_up(t, { { name = "up", to = { position = "director", above = "item" } }, law })
    local run = start(t, paper(t))
    decide(t, run, "up", "dir", "approve")
    decide(t, run, "law", "law", "approve")
    local own = t:as("dir"):article { title = "A paper", body = "Words.", unit = people.unit("press") }
    local waits = start(t, own) -- there is nobody above the director: it is shown as what nobody can decide
    t:expect_task(waits, { position = "director" })
    t:expect(flow.get(waits).error == nil)
  end)

  it("leaves out a step whose condition does not hold", function(t)
    local early = { field = "dated", op = "<", value = "2021-01-01" }
    local late = { name = "late", to = { position = "lawyer" }, when = early }
    local named = { name = "named", to = { position = "lawyer" }, when = { all = {
      { field = "title", op = "contains", value = "PAPER" },
      { ["not"] = { field = "lead", op = "filled" } },
      { any = { { field = "unit", op = "under", value = "office" }, { field = "unit.kind", value = "x" } } },
    } } }
    set_up(t, { head, late, named })
    local run = start(t, paper(t, { dated = date.parse "2021-01-04" }))
    decide(t, run, "head", "head", "approve")
    decide(t, run, "named", "law", "approve")
    t:expect(#result(run).approvals == 2)
    local case = storage.sql("select places from chain_case", {})[1]
    t:expect(json.decode(case.places).late.state == "skipped")
  end)

  it("passes over who does not answer, or returns, as the step says", function(t)
    local pass = { name = "head", to = head.to, within = "1 working day", on_timeout = "pass" }
    local back = { name = "law", to = law.to, within = "1 working day", on_timeout = "return" }
    set_up(t, { pass, back })
    local item = paper(t)
    local run = start(t, item)
    t:advance("1 working day")
    t:expect_task(run, { title = "law: A paper" })
    t:advance("1 working day")
    t:expect(content.get("article", item.id).state == "draft")
    local rows = storage.sql("select name, decision from step order by id", {})
    t:equal(rows, { { name = "head", decision = "late" }, { name = "law", decision = "late" } })
  end)

  it("is voided by an edit while it is read side by side", function(t)
    set_up(t, { { name = "both", parallel = { head, law } } })
    local item = paper(t)
    local run = start(t, item)
    decide(t, run, "head", "head", "approve")
    t:as("writer"):call("content.edit", content.get("article", item.id), { body = "Other words." })
    decide(t, run, "head", "head", "approve")
    decide(t, run, "law", "law", "approve")
    t:expect(result(run).rounds == 2 and result(run).hash == content.get("article", item.id).hash)
  end)

  it("is only for items of its type and below its unit", function(t)
    set_up(t, { law }, { unit = "other", title = "Elsewhere" })
    t:expect(flow.get(start(t, paper(t), "elsewhere")).error.code == "approvals.scope")
    t:expect(flow.get(start(t, paper(t), "nowhere")).error.code == "approvals.no_chain")
  end)
end)

describe("a chain that cannot work", function()
  local function refused(steps, step, field, say)
    it("is refused: " .. say, function(t)
      t:org(org)
      t:clock("2021-01-04 09:00")
      local ok, why = pcall(set_up, t, steps)
      t:expect(not ok, "it was taken")
      t:expect(tostring(why):find("Step " .. step .. ", " .. field .. ": ", 1, true) ~= nil, tostring(why))
      t:expect(tostring(why):find(say, 1, true) ~= nil, tostring(why))
    end)
  end
  local function with(fields)
    local step = { name = "head", to = { position = "head", unit = "item" } }
    for key, value in pairs(fields) do step[key] = value end
    return { step }
  end

  refused({}, "-", "steps", "at least one step")
  refused({ { to = { position = "head" } } }, "#1", "name", "no name")
  refused(with { to = { position = "hedd" } }, "head", "to", "no position hedd")
  refused(with { to = { role = "nobody" } }, "head", "to", "no role nobody")
  refused(with { to = { body = "none" } }, "head", "to", "no body none")
  refused(with { to = { person = "none" } }, "head", "to", "no person none")
  refused(with { to = { position = "head", unit = "none" } }, "head", "to", "no unit none")
  refused(with { to = { position = "head", level = "county" } }, "head", "to", "kind county")
  refused(with { escalate = { position = "hedd" } }, "head", "escalate", "no position hedd")
  refused(with { wihtin = "2d" }, "head", "wihtin", "no such field")
  refused(with { within = "soon" }, "head", "within", "no duration")
  refused(with { remind = "1 day before" }, "head", "remind", "needs a deadline")
  refused(with { may_return_to = "tail" }, "head", "may_return_to", "tail is no earlier step")
  refused(with { quorum = 2 }, "head", "quorum", "2 must approve, but only 1")
  refused(with { quorum = "most" }, "head", "quorum", "wanted is")
  refused(with { when = { field = "titel", value = "x" } }, "head", "when", "no field titel")
  refused(with { when = { field = "title", op = "~", value = "x" } }, "head", "when", "no comparison ~")
  refused(with { when = { field = "dated", op = "<", value = "soon" } }, "head", "when", "no date")
  refused(with { when = { all = {}, any = {} } }, "head", "when", "one of all")
  refused(with { when = { field = "dated", op = "<", value = "\0" } }, "head", "when", "a NUL")
  refused(with { veto = "yes" }, "head", "veto", "true or false")
  refused(with { part = {} }, "head", "part", "a list of fields")
  refused(with { part = "title" }, "head", "part", "a list of fields")
  refused(with { part = { "title", "title" } }, "head", "part", "each once")
  refused(with { part = { "titel" } }, "head", "part", "no field titel")
  refused({ { name = "g", parallel = { head } } }, "g", "parallel", "at least two")
  refused({ { name = "g", parallel = { head, law }, need = 3 } }, "g", "need", "3 must approve")
end)

describe("a chain with faults of several kinds", function()
  it("is told all of them at once, step by step", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local chain = t:as("dir"):call("content.create", "approvals_chain", {
      title = "Press", about = "article", unit = people.unit("office"), steps = {
        { name = "head", to = { position = "hedd" } },
        { name = "law", to = { position = "lawyer" }, quorum = "most" },
        { name = "two", parallel = { { name = "r", to = { position = "reader", unit = "nowhere" } }, { name = "x" } } },
      },
    })
    local told = t:as("dir"):get("/x/approvals/chain/" .. chain.id .. "/check").json
    local said = {}
    for at, fault in ipairs(told.faults) do said[at] = fault:match "^(Step %w+, %w+):" end
    table.sort(said)
    t:equal(said, { "Step head, to", "Step law, quorum", "Step r, to", "Step x, to" })
  end)
end)

describe("a term", function()
  it("may be of hours, as any", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local within = { name = "head", to = head.to, within = "4h", remind = "1h before" }
    set_up(t, { within, { name = "law", to = law.to } })
    local answer = t:as("writer"):get("/x/approvals/chain/press/plan", { from = "2021-01-04 09:00", unit = "press" })
    t:equal({ answer.json.steps[1].remind, answer.json.steps[1].due }, { "2021-01-04 12:00", "2021-01-04 13:00" })
  end)
end)

describe("a quorum", function()
  local needed = require("approvals.quorum").needed
  it("is counted in whole numbers", function(t)
    t:equal({ needed("80%", 9), needed("80%", 10), needed("2/3", 9), needed("2/3", 10), needed(">1/2", 4) },
      { 8, 8, 6, 7, 3 })
    t:expect(needed("0%", 3) == nil and needed("101%", 3) == nil and needed(0, 3) == nil and needed(">1/1", 3) == nil)
  end)
end)
