-- A small district: an appointment by the panel, awards for service.

local function holder(position, unit, person, from, to)
  return { position = position, unit = unit, person = person, from = from or "2015-01-01", to = to }
end

local org = {
  units = {
    { code = "national", name = "The Lantern Scouts", kind = "national", from = "2000-01-01" },
    { code = "south", name = "South Region", kind = "region", parent = "national", from = "2000-01-01" },
    { code = "ashford", name = "Ashford District", kind = "district", parent = "south", from = "2000-01-01" },
    { code = "1st", name = "1st Ashford Group", kind = "group", parent = "ashford", from = "2000-01-01" },
  },
  positions = {
    { code = "chief", title = "Chief Scout", roles = { "editor", "clerk" } },
    { code = "region_commissioner", title = "Region Commissioner", roles = { "editor", "clerk" } },
    { code = "district_commissioner", title = "District Commissioner", roles = { "editor", "clerk" } },
    { code = "group_leader", title = "Group Scout Leader", roles = { "author", "clerk" } },
    { code = "section_leader", title = "Section Leader", roles = { "author" } },
  },
  persons = {
    { code = "ruth", name = "Ruth Adams" }, { code = "nia", name = "Nia Clarke" },
    { code = "peter", name = "Peter Dunn" },
    { code = "mair", name = "Mair Evans" }, { code = "jo", name = "Jo Frost" }, { code = "ike", name = "Ike Grant" },
  },
  holders = {
    holder("chief", "national", "ruth", "2018-01-01"),
    holder("region_commissioner", "south", "nia", "2012-04-01"),
    holder("district_commissioner", "ashford", "peter", "2010-09-01"),
    holder("group_leader", "1st", "jo", "2011-01-04"),
    holder("section_leader", "1st", "jo", "2001-01-04", "2005-09-01"),
    holder("section_leader", "1st", "ike", "2019-09-01"),
  },
  bodies = { { code = "panel", name = "Ashford Appointments Panel", unit = "ashford", from = "2019-09-01" } },
  body_terms = { { body = "panel", name = "2019-2022", from = "2019-09-01", to = "2022-09-01" } },
  body_members = {
    { body = "panel", person = "peter", capacity = "Chair", term = "2019-2022" },
    { body = "panel", person = "mair", term = "2019-2022" },
    { body = "panel", person = "nia", term = "2019-2022" },
    { body = "panel", person = "jo", term = "2019-2022" },
  },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local function open(t)
  t:org(org)
  t:clock("2021-01-04 09:00")
end

local function appoint(t)
  return t:start("appoint", {
    panel = "panel", person = people.person("ike"), position = "group_leader", unit = people.unit("1st"),
    proposer = people.person("jo"),
  })
end

local function vote(t, run, decision, ...)
  for _, name in ipairs { ... } do
    t:expect_task(run, { person = people.person(name) }):decide(name, { decision = decision })
  end
end

local function awards()
  return storage.sql "select * from service_award order by years"
end

describe("appoint", function()
  it("wants more than half of the panel, without who proposes", function(t)
    open(t)
    local run = appoint(t)
    vote(t, run, "approve", "peter", "mair")
    local result = flow.get(run).result
    t:expect(result.decision == "approve" and result.approved == 2 and result.members == 3)
    local rows = storage.sql "select * from appointment"
    t:expect(#rows == 1 and rows[1].term == "2019-2022" and rows[1].decision == "approve")
    t:expect(rows[1].signed:find("On behalf of", 1, true) == 1)
  end)

  it("is refused as soon as no majority can be reached", function(t)
    open(t)
    local run = appoint(t)
    vote(t, run, "return", "peter", "nia")
    t:expect(flow.get(run).result.decision == "return")
  end)

  it("has no panel any more when its term is over", function(t)
    t:org(org)
    t:clock("2022-09-01 09:00")
    t:expect(flow.get(appoint(t)).error.code == "scouts.nobody")
  end)
end)

describe("long_service", function()
  it("gives each award once, leaving pauses out", function(t)
    open(t)
    t:start("long_service", {})
    local rows = awards()
    -- Peter 10 years; Nia 8, so 5; Jo 10 and 4 with a pause between, so 10; Ruth 3 and Ike 1: none.
    t:expect(#rows == 3 and rows[1].years == 5 and rows[2].years == 10 and rows[3].years == 10)
    t:start("long_service", {})
    t:expect(#awards() == 3)
    local run = t:start("long_service", { on = date.parse "2025-01-05" })
    t:expect(flow.get(run).error == nil)
    t:expect(flow.get(run).result.given == 4)
    t:expect(#awards() == 7)
  end)
end)

