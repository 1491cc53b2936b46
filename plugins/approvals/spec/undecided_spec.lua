-- A chain in which nobody decides: told beforehand, and at its end back with the author.

local undecided = require "approvals.undecided"

local function holder(position, person)
  return { position = position, unit = "office", person = person, from = "2020-01-01" }
end

local org = {
  units = { { code = "office", name = "Office", kind = "office", from = "2020-01-01" } },
  positions = {
    { code = "head", title = "Head", roles = { "editor" } }, { code = "lawyer", title = "Lawyer", roles = { "clerk" } },
    { code = "director", title = "Director", roles = { "editor" } },
  },
  persons = {
    { code = "writer", name = "A Writer" }, { code = "head", name = "The Head" }, { code = "law", name = "The Lawyer" },
    { code = "dir", name = "The Director" },
  },
  holders = { holder("head", "head"), holder("lawyer", "law"), holder("director", "dir") },
  role_holders = { { role = "author", person = "writer", unit = "office", from = "2020-01-01" } },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local led = { field = "lead", op = "filled" }
local not_led = { ["not"] = led }

local function step(name, fields)
  local made = { name = name, to = { position = "head", unit = "item" } }
  for key, value in pairs(fields or {}) do made[key] = value end
  return made
end

local function silent(name, fields)
  local made = step(name, { within = "1 working day", on_timeout = "pass" })
  for key, value in pairs(fields or {}) do made[key] = value end
  return made
end

local function beside(fields, ...)
  local made = { name = "both", parallel = { ... } }
  for key, value in pairs(fields) do made[key] = value end
  return made
end

local function paper(t, lead)
  return t:as("writer"):article { title = "A paper", body = "Words.", lead = lead, unit = people.unit("office") }
end

local function set_up(t, steps)
  local chain = t:as("dir"):call("content.create", "approvals_chain", {
    title = "Press", about = "article", unit = people.unit("office"), steps = steps,
  })
  return t:as("dir"):call("content.publish", chain)
end

local function start(t, item)
  return t:start("case", { type = "article", item = item.id, chain = "press" })
end

local function now(item) return content.get("article", item.id) end

local function is_drawn_undecided(t, run)
  local drawn = t:as("writer"):get(("/x/approvals/case/%d"):format(run.id))
  return drawn.body:find("Nobody has decided: back with its author", 1, true) ~= nil
end

-- Back with the author, for a reason that stands in the history, the record and the picture.
local function expect_back(t, item, run)
  local history = content.history(now(item))
  local case = storage.sql("select state, round, undecided from chain_case", {})[1]
  t:equal({ now(item).state, flow.get(run).state, flow.get(run).error }, { "draft", "running" })
  t:equal(flow.get(run).status, "With its author again: nobody has decided")
  t:expect(history[#history].reason:find("Nobody has decided about A paper", 1, true) == 1, history[#history].reason)
  t:equal(case, { state = "open", round = case.round, undecided = case.round })
  t:expect(is_drawn_undecided(t, run))
end

local function submit(t, item) t:as("writer"):call("content.submit", now(item)) end

local function approve(t, run, who) t:as(who or "head"):decide({ run = run.id }, { decision = "approve" }) end

describe("a text about which nobody has decided", function()
  before_each(function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
  end)

  it("goes back to its author where every step was left out, as often as it is so", function(t)
    set_up(t, { step("head", { when = led }) })
    local item = paper(t)
    local run = start(t, item)
    expect_back(t, item, run)
    submit(t, item)
    expect_back(t, item, run)
    t:as("writer"):call("content.edit", now(item), { lead = "News." })
    submit(t, item)
    t:expect(not is_drawn_undecided(t, run))
    approve(t, run)
    t:equal({ flow.get(run).result.rounds, now(item).state }, { 3, "approved" })
  end)

  it("goes back where every step passed by silence; who answers for a part is asked again, too", function(t)
    set_up(t, { silent("head", { part = { "title" } }), beside({}, silent("a"), silent("b", { when = led })) })
    local item = paper(t, "News.")
    local run = start(t, item)
    t:advance("1 working day")
    t:advance("1 working day")
    expect_back(t, item, run)
    submit(t, item)
    t:expect_task(run, { title = "head: A paper" }):decide("head", { decision = "approve" })
    t:advance("1 working day")
    local result = flow.get(run).result
    t:equal({ result.rounds, #result.approvals, now(item).state }, { 2, 1, "approved" })
  end)

  it("goes back where a group was silent, or a vote had no quorum", function(t)
    set_up(t, { silent("group", { quorum = "all" }), silent("vote", { vote = {} }) })
    local item = paper(t)
    local run = start(t, item)
    t:advance("1 working day")
    t:advance("1 working day")
    expect_back(t, item, run)
  end)

  it("waits for its author though it is put away meanwhile", function(t)
    set_up(t, { step("head", { when = led }) })
    local item = paper(t)
    local run = start(t, item)
    t:as("dir"):call("content.archive", now(item), "not news")
    t:equal(flow.get(run).state, "running") -- until it is handed in again, as after any return
    submit(t, item)
    expect_back(t, item, run)
  end)
end)

describe("a chain in which nobody may decide", function()
  it("is told from one in which somebody always does", function(t)
    local function how(...) return undecided.how { ... } end
    t:equal({ how(step "a"), how(step("a", { when = led })), how(silent "a") }, { nil, "left_out", "passed" })
    t:equal(how(step("a", { when = led }), silent "b"), "either")
    t:equal(how(step "a", silent "b"), nil)
    t:equal(how(step("a", { on_timeout = "pass" })), nil, "it has no term")
    t:equal(how(silent("a", { on_timeout = "return" })), nil)
    t:equal(how(step("a", { vote = {}, on_timeout = "pass" })), "passed")
    t:equal(how(beside({}, silent "a", step "b")), nil)
    t:equal(how(beside({ need = "any" }, silent "a", step "b")), "passed")
    t:equal(how(beside({ need = 2 }, silent "a", step "b", step "c")), nil)
    t:equal(how(beside({}, step("a", { when = led }), silent "b")), "passed")
    t:equal(how(beside({ when = led }, step "a", step "b")), "left_out")
  end)

  it("is not one where one condition is what the other is not", function(t)
    local function how(one, other) return undecided.how { step("a", { when = one }), step("b", { when = other }) } end
    local one, no = { field = "title", value = "x" }, { field = "title", op = "!=", value = "x" }
    t:equal({ how(led, not_led), how(not_led, led), how(one, no), how(no, one) }, {})
    t:equal(how(led, { field = "lead", op = "empty" }), nil)
    t:equal(how(led, led), "left_out")
    t:equal(how(one, { field = "title", op = "!=", value = "y" }), "left_out")
    t:equal(how(one, { field = "lead", op = "!=", value = "x" }), "left_out")
    t:equal(undecided.how { silent("a", { when = led }), step("b", { when = not_led }) }, "either")
  end)

  it("is told by the check, as a warning with what to do, and published all the same", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    local chain = set_up(t, { silent "head" })
    local told = t:as("dir"):get("/x/approvals/chain/" .. chain.id .. "/check").json
    t:equal({ #told.faults, #told.warnings, chain.state }, { 0, 1, "published" })
    t:expect(told.warnings[1]:find("every step may be passed over in silence", 1, true) ~= nil, told.warnings[1])
  end)

  it("is told by the dry run, of a text whether it will be so", function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
    set_up(t, { step("head", { when = led }), silent("law", { when = led }) })
    local function warnings(query) return t:as("writer"):get("/x/approvals/chain/press/plan", query).json.warnings end
    t:expect(warnings({ unit = "office" })[1]:find("may be left out", 1, true) ~= nil)
    t:expect(warnings({ item = paper(t).id })[1]:find("no step is asked", 1, true) ~= nil)
    t:equal(warnings { item = paper(t, "News.").id }, nil)
  end)
end)
