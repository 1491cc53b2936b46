local org = {
  units = { { code = "office", name = "Office", kind = "office", from = "2020-01-01" } },
  persons = { { code = "an", name = "An" } },
}

local function start(t)
  t:org(org)
  t:clock("2021-01-04 09:00")
  return t:start("remind", { who = people.person("an"), what = "the report", at = "2021-01-05 08:00" })
end

describe("remind", function()
  it("says nothing before the time", function(t)
    local run = start(t)
    t:clock("2021-01-05 07:59")
    t:expect(#task.list() == 0)
    t:clock("2021-01-05 08:00")
    t:expect_task(run, { title = "Remember: the report" }):decide("an", { decision = "done" })
    t:expect(flow.get(run).result.times == 1)
  end)

  it("comes back a day later when it is put off or nobody answers", function(t)
    local run = start(t)
    t:clock("2021-01-05 08:00")
    t:expect_task(run, { person = people.person("an") }):decide("an", { decision = "later" })
    t:expect(#task.list() == 0)
    t:advance("1d")
    t:expect_task(run, { person = people.person("an") })
    t:advance("1d")
    t:expect_task(run, { person = people.person("an") }):decide("an", { decision = "done" })
    t:expect(flow.get(run).result.times == 3)
  end)
end)
