-- {{:report_spec}}
local org = {
  units = {
    { code = "province", name = "Province", kind = "province", from = "2020-01-01" },
    { code = "commune", name = "Commune", kind = "commune", parent = "province", from = "2020-01-01" },
  },
}

describe("{{name}}", function()
  it("{{:below}}", function(t)
    t:org(org)
    local rows = t:report("{{name}}", { kind = "province" }).rows
    t:equal(#rows, 1)
    t:equal(rows[1].code, "province")
    t:equal(rows[1].below, 1)
  end)
end)
