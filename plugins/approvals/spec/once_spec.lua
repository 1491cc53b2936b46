-- Of a quorum each human counts once; where all of a group are asked, each place speaks.

local function holder(position, person)
  return { position = position, unit = "office", person = person, from = "2020-01-01" }
end

local org = {
  units = { { code = "office", name = "Office", kind = "office", from = "2020-01-01" } },
  positions = { { code = "reader", title = "Reader", roles = { "clerk" } } },
  persons = {
    { code = "writer", name = "A Writer" }, { code = "r1", name = "First Reader" },
    { code = "r2", name = "Second Reader" }, { code = "r3", name = "Third Reader" },
  },
  holders = { holder("reader", "r1"), holder("reader", "r2"), holder("reader", "r3") },
  role_holders = { { role = "author", person = "writer", unit = "office", from = "2020-01-01" } },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local function task_of(t, run, who)
  return t:expect_task(run, { person = people.person(who) })
end

local function approve(t, run, whose, who)
  return pcall(function() task_of(t, run, whose):decide(who, { decision = "approve" }) end)
end

describe("one who acts for another of the group", function()
  local function start(t, quorum)
    t:org(org)
    t:clock("2021-01-04 09:00")
    t:as("r2"):call("people.delegate", { from = people.person("r2"), to = people.person("r1"), until_ = "2022-01-01" })
    local item = t:as("writer"):article { title = "A paper", body = "Words.", unit = people.unit("office") }
    return t:start("chain", { type = "article", item = item.id, steps = {
      { name = "readers", to = { position = "reader", unit = "item" }, quorum = quorum },
    } })
  end

  for _, quorum in ipairs { 2, "2/3", ">1/2" } do
    it("counts once for the quorum " .. quorum, function(t)
      local run = start(t, quorum)
      t:expect(approve(t, run, "r1", "r1"))
      local ok, why = approve(t, run, "r2", "r1")
      t:expect(not ok and tostring(why):find("each person counts once", 1, true) ~= nil, tostring(why))
      t:expect(flow.get(run).result == nil)
      t:expect(approve(t, run, "r2", "r2"))
      t:expect(#flow.get(run).result.approvals == 2)
    end)
  end

  it("answers both where all must approve", function(t)
    local run = start(t, "all")
    t:expect(approve(t, run, "r1", "r1"))
    t:expect(approve(t, run, "r2", "r1"))
    t:expect(approve(t, run, "r3", "r3"))
    t:expect(#flow.get(run).result.approvals == 3)
  end)
end)
