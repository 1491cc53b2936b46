-- {{:flow_spec}}
local org = { persons = { { code = "lan", name = "Lan" } } }

describe("{{name}}", function()
  local run

  before_each(function(t)
    t:org(org)
    run = t:start("{{name}}", { subject = "{{:subject}}", who = people.person("lan") })
  end)

  it("{{:decided}}", function(t)
    t:as("lan"):decide({ run = run.id }, { decision = "approve" })
    t:equal(flow.get(run).result, { approved = true })
  end)

  it("{{:late}}", function(t)
    t:advance("3 working days")
    t:equal(flow.get(run).result, { approved = false, timed_out = true })
  end)
end)
