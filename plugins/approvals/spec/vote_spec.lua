-- A step on which a body votes.

local org = {
  units = { { code = "office", name = "Office", kind = "office", from = "2020-01-01" } },
  positions = { { code = "head", title = "Head", roles = { "editor" } } },
  persons = {
    { code = "writer", name = "A Writer" }, { code = "head", name = "The Head" }, { code = "a", name = "Anna" },
    { code = "b", name = "Bert" }, { code = "c", name = "Carl" },
  },
  holders = { { position = "head", unit = "office", person = "head", from = "2020-01-01" } },
  role_holders = { { role = "author", person = "writer", unit = "office", from = "2020-01-01" } },
  bodies = { { code = "council", name = "The Council", unit = "office", from = "2020-01-01" } },
  body_members = {},
}
for _, code in ipairs { "writer", "a", "b", "c" } do
  org.body_members[#org.body_members + 1] = { body = "council", person = code, from = "2020-01-01" }
end

local head = { name = "head", to = { position = "head" } }

local function council(vote, fields)
  local step = { name = "council", to = { body = "council" }, within = "1 working day", vote = vote }
  for key, value in pairs(fields or {}) do step[key] = value end
  return step
end

local function paper(t)
  return t:as("writer"):article { title = "A paper", body = "Words.", unit = people.unit("office") }
end

local function start(t, item, list)
  return t:start("chain", { type = "article", item = item.id, steps = list })
end

local function vote(t, run, decisions)
  for _, code in ipairs { "a", "b", "c" } do
    if decisions[code] then
      t:expect_task(run, { person = people.person(code) }):decide(code, { decision = decisions[code] })
    end
  end
end

local function rows(item)
  return storage.sql("select name, decision, comment from step where item = :item order by id", { item = item.id })
end

describe("a vote in a chain", function()
  before_each(function(t)
    t:org(org)
    t:clock("2021-01-04 09:00")
  end)

  it("that passes approves the text; its author has no ballot", function(t)
    local item = paper(t)
    local run = start(t, item, { head, council { threshold = "2/3" } })
    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    vote(t, run, { a = "approve", b = "reject", c = "approve" })
    local result = flow.get(run).result
    t:expect(result.decision == "approve" and #result.approvals == 2)
    t:expect(result.approvals[2].by == nil and result.approvals[2].as == "2 for, 1 against, 0 abstained")
    t:as("head"):call("content.approve", content.get("article", item.id), { by = result.answer })
    t:expect(content.get("article", item.id).state == "approved")
    t:expect(rows(item)[2].comment:find("Anna", 1, true) ~= nil, "the minutes are kept")
  end)

  it("that fails goes back to the author with the count", function(t)
    local item = paper(t)
    local run = start(t, item, { council { threshold = ">1/2" } })
    vote(t, run, { a = "approve", b = "reject", c = "reject" })
    local now = content.get("article", item.id)
    local history = content.history(now)
    t:expect(now.state == "draft" and history[#history].reason:find("Carl", 1, true) ~= nil)
    t:as("writer"):call("content.submit", now)
    vote(t, run, { a = "approve", b = "approve", c = "approve" })
    t:expect(flow.get(run).result.rounds == 2)
  end)

  it("without a quorum at the end of its term does not pass", function(t)
    local item = paper(t)
    start(t, item, { council { quorum = "2/3", threshold = ">1/2" } })
    t:advance("1 working day")
    t:expect(content.get("article", item.id).state == "draft")
  end)

  it("without a quorum asks those of escalate, who hold it again or return it", function(t)
    local item = paper(t)
    local step = council({ quorum = "2/3" }, { escalate = { position = "head" }, may_return_to = "look" })
    local run = start(t, item, { { name = "look", to = { position = "head" } }, step })
    t:expect_task(run, { title = "look: A paper" }):decide("head", { decision = "approve" })
    vote(t, run, { a = "approve" })
    t:advance("1 working day")
    t:expect(content.get("article", item.id).state == "in_review", "nothing is decided yet")
    local asked = t:expect_task(run, { title = "No quorum: council: A paper" })
    t:expect(asked.help:find("Bert", 1, true) ~= nil, "the minutes name who stayed away")
    asked:decide("head", { decision = "again", comment = "Do come." })
    t:expect_task(run, { person = people.person("b") })
    t:advance("1 working day")
    t:expect_task(run, { title = "No quorum: council: A paper" })
      :decide("head", { decision = "return", return_to = "look", comment = "I read it once more." })
    t:expect_task(run, { title = "look: A paper" }):decide("head", { decision = "approve" })
    vote(t, run, { a = "approve", b = "approve", c = "approve" })
    t:expect(flow.get(run).result.decision == "approve")
    local said = {}
    for at, row in ipairs(rows(item)) do said[at] = row.name .. " " .. row.decision end
    t:equal(said, { "look approve", "council late", "council voided", "council late", "council return", "look approve",
      "council approve" })
  end)

  it("without a quorum goes on where the step says so, or back to the author", function(t)
    local item = paper(t)
    local pass = council({ quorum = "100%" }, { on_timeout = "pass" })
    local back = council({ quorum = "100%" }, { on_timeout = "return", escalate = { position = "head" } })
    back.name = "again"
    local run = start(t, item, { pass, back })
    t:advance("1 working day")
    t:expect_task(run, { title = "again: A paper" })
    t:advance("1 working day")
    t:expect(content.get("article", item.id).state == "draft")
  end)

  it("that fails goes back to the step that most of those against have named", function(t)
    for _, secret in ipairs { false, true } do
      local item = paper(t)
      local first = { name = "first", to = { position = "head" } }
      local second = { name = "second", to = { position = "head" } }
      local step = council({ secret = secret, threshold = "2/3" }, { may_return_to = { "first", "second" } })
      local run = start(t, item, { first, second, step })
      local function read(name)
        t:expect_task(run, { title = name .. ": A paper" }):decide("head", { decision = "approve" })
      end
      local function say(who, answer) t:expect_task(run, { person = people.person(who) }):decide(who, answer) end
      read "first"
      read "second"
      say("a", { decision = "reject", return_to = "second" })
      say("b", { decision = "approve", return_to = "first" })
      say("c", { decision = "reject" })
      read "second"
      vote(t, run, { a = "approve", b = "approve", c = "approve" })
      t:expect(flow.get(run).result.decision == "approve" and flow.get(run).result.rounds == 1)
      t:expect(content.get("article", item.id).state == "in_review")
    end
  end)

  it("on a part stands while others are edited, and is held again when it is, or when a member has written", function(t)
    t:org { role_holders = { { role = "author", person = "b", unit = "office", from = "2020-01-01" } } }
    local item = paper(t)
    local words = { name = "words", to = { position = "head" }, part = { "lead", "byline" } }
    local run = start(t, item, { council({}, { part = { "title", "body" } }), words })
    local function edit(who, fields) t:as(who):call("content.edit", content.get("article", item.id), fields) end
    vote(t, run, { a = "approve" })
    edit("writer", { lead = "A lead." })
    vote(t, run, { c = "approve" })
    edit("writer", { body = "Other words." })
    vote(t, run, { a = "approve", b = "approve", c = "approve" })
    edit("b", { lead = "Bert's lead." }) -- he has voted on the body, and is a writer now
    t:expect_task(run, { title = "words: A paper" }):decide("head", { decision = "approve" })
    vote(t, run, { a = "approve", c = "approve" })
    local said = {}
    for at, row in ipairs(rows(item)) do said[at] = row.name .. " " .. row.decision end
    t:equal(said, { "council voided", "council approve", "words approve", "council approve" })
    local result = flow.get(run).result
    t:expect(result.decision == "approve" and result.approvals[1].as == "2 for, 0 against, 0 abstained")
    t:expect(result.hash == content.get("article", item.id).hash and result.answer.hash == result.hash)
  end)

  it("that is on is held again without a member who edits another part", function(t)
    t:org { role_holders = { { role = "author", person = "b", unit = "office", from = "2020-01-01" } } }
    local item = paper(t)
    local lead = { name = "lead", to = { position = "head" }, part = { "lead" } }
    local run = start(t, item, { { name = "both", parallel = { council({}, { part = { "body" } }), lead } } })
    vote(t, run, { a = "approve", b = "approve" })
    t:as("b"):call("content.edit", content.get("article", item.id), { lead = "Bert's lead." })
    vote(t, run, { a = "approve", c = "approve" })
    t:expect_task(run, { title = "lead: A paper" }):decide("head", { decision = "approve" })
    t:expect(flow.get(run).result.approvals[1].as == "2 for, 0 against, 0 abstained")
  end)

  it("that is secret names nobody", function(t)
    local item = paper(t)
    local run = start(t, item, { council { secret = true, abstain = false } })
    vote(t, run, { a = "approve", b = "approve", c = "reject" })
    local comment = rows(item)[1].comment
    t:expect(flow.get(run).result.decision == "approve" and comment:find("Anna", 1, true) == nil)
  end)

  it("is void when the text is edited, and held again", function(t)
    local item = paper(t)
    local run = start(t, item, { council {} })
    vote(t, run, { a = "approve" })
    t:as("writer"):call("content.edit", content.get("article", item.id), { body = "Other words." })
    vote(t, run, { a = "approve", b = "approve", c = "approve" })
    local said = rows(item)
    t:expect(said[1].decision == "voided" and said[2].decision == "approve" and #said == 2)
  end)

  it("stands beside a step that asks", function(t)
    local item = paper(t)
    local run = start(t, item, { { name = "both", parallel = { head, council {} } } })
    vote(t, run, { a = "approve", b = "approve", c = "approve" })
    t:expect(flow.get(run).result == nil)
    t:expect_task(run, { position = "head" }):decide("head", { decision = "approve" })
    t:expect(#flow.get(run).result.approvals == 2)
  end)

  it("for which there is nobody is asked as one, so that it shows itself as what nobody can decide", function(t)
    local nobody = council({}, { to = { position = "vacant", unit = "item" } })
    t:org { positions = { { code = "vacant", title = "Vacant" } } }
    local run = start(t, paper(t), { nobody })
    t:expect_task(run, { position = "vacant" })
    t:expect(flow.get(run).error == nil)
  end)

  it("gives none a ballot who has edited the text", function(t)
    t:org { role_holders = { { role = "author", person = "b", unit = "office", from = "2020-01-01" } } }
    local item = paper(t)
    t:as("b"):call("content.edit", content.get("article", item.id), { body = "Other words." })
    local run = start(t, item, { council { quorum = "100%", threshold = "2/3" } })
    vote(t, run, { a = "approve", c = "approve" })
    t:expect(flow.get(run).result.approvals[1].as == "2 for, 0 against, 0 abstained")
  end)
end)

describe("a vote that cannot work", function()
  local function refused(fields, field, say)
    it("is refused: " .. field .. ", " .. say, function(t)
      t:org(org)
      local chain = t:as("head"):call("content.create", "approvals_chain", {
        title = "Press", about = "article", unit = people.unit("office"), steps = { head, council({}, fields) },
      })
      local ok, why = pcall(function() t:as("head"):call("content.publish", chain) end)
      t:expect(not ok, "it was taken")
      t:expect(tostring(why):find("Step council, " .. field .. ": ", 1, true) ~= nil, tostring(why))
      t:expect(tostring(why):find(say, 1, true) ~= nil, tostring(why))
    end)
  end
  refused({ vote = true }, "vote", "wanted is { threshold")
  refused({ vote = { treshold = "2/3" } }, "vote", "no treshold")
  refused({ vote = { threshold = "most" } }, "vote", "threshold is a number")
  refused({ vote = { quorum = "all" } }, "vote", "quorum is a number")
  refused({ vote = { of = "both" } }, "vote", "of is")
  refused({ vote = { absent = "yes" } }, "vote", "absent is")
  refused({ vote = { secret = 1 } }, "vote", "secret is true or false")
  refused({ vote = { secret = true, change = true } }, "vote", "a secret vote cannot be changed")
  refused({ quorum = "all" }, "quorum", "does not go with a vote")
  refused({ veto = true }, "veto", "does not go with a vote")
  refused({ part = { "boddy" } }, "part", "no field boddy")
  refused({ may_return_to = "tail" }, "may_return_to", "tail is no earlier step")
  refused({ on_timeout = "escalate" }, "on_timeout", "only where escalate names somebody")
  refused({ escalate = { position = "hedd" } }, "escalate", "no position hedd")
  refused({ vote = { quorum = 5 } }, "vote", "5 must approve, but only 4")
  refused({ vote = false }, "vote", "wanted is { threshold")
end)
