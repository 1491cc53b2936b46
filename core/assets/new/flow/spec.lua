-- {{:flow_spec}}
local org = { persons = { { code = "lan", name = "Lan" } } }

local function start(t)
  t:org(org)
  return t:start("{{name}}", { subject = "{{:subject}}", who = people.person("lan") })
end

describe("{{name}}", function()
  it("{{:decided}}", function(t)
    local run = start(t)
    t:expect_task(run, { person = people.person("lan") }):decide("lan", { decision = "approve" })
    t:expect(flow.get(run).result.approved)
  end)

  it("{{:late}}", function(t)
    local run = start(t)
    t:advance("3 working days")
    t:expect(flow.get(run).result.timed_out and not flow.get(run).result.approved)
  end)
end)
