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
  refused({ part = { "body" } }, "part", "does not go with a vote")
  refused({ may_return_to = "head" }, "may_return_to", "does not go with a vote")
  refused({ vote = false }, "vote", "wanted is { threshold")
end)
