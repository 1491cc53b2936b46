-- A nomination from a commune: the district endorses, five vote, the chair signs.

local function holder(position, unit, person)
  return { position = position, unit = unit, person = person, from = "2020-01-01" }
end

local org = {
  units = {
    { code = "province", name = "Province", kind = "province", from = "2020-01-01" },
    { code = "district", name = "District", kind = "district", parent = "province", from = "2020-01-01" },
    { code = "commune", name = "Commune", kind = "commune", parent = "district", from = "2020-01-01" },
  },
  positions = {
    { code = "unit_head", title = "Head", roles = { "clerk" } },
    { code = "council_member", title = "Member of the council", roles = { "clerk" } },
    { code = "chair", title = "Chair", roles = { "clerk" } },
  },
  persons = {
    { code = "proposer", name = "Proposer" },
    { code = "district", name = "District Head" },
    { code = "chair", name = "Chair" },
    { code = "m1", name = "Member 1" },
    { code = "m2", name = "Member 2" },
    { code = "m3", name = "Member 3" },
    { code = "m4", name = "Member 4" },
    { code = "m5", name = "Member 5" },
  },
  holders = {
    holder("unit_head", "commune", "proposer"),
    holder("unit_head", "district", "district"),
    holder("chair", "province", "chair"),
    holder("council_member", "province", "m1"),
    holder("council_member", "province", "m2"),
    holder("council_member", "province", "m3"),
    holder("council_member", "province", "m4"),
    holder("council_member", "province", "m5"),
  },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local function open_round(t, quota)
  t:org(org)
  t:clock("2021-01-04 09:00")
  local run = t:start("open_round", {
    year = 2021, award = "Certificate of Merit", authority = "Province", council = people.unit("province"),
    quota = quota,
  })
  return flow.get(run).result.round
end

local function nominate(t, round, changes)
  local input = {
    round = round,
    unit = people.unit("commune"),
    proposer = people.person("proposer"),
    nominee = "Group 5",
    kind = "collective",
    achievement = "Ten wells dug in 2020",
    statement = "Dug ten wells.",
  }
  for key, value in pairs(changes or {}) do input[key] = value end
  return t:start("nominate", input)
end

local function endorse(t, run)
  t:expect_task(run, { position = "unit_head" }):decide("district", { decision = "approve" })
end

local function vote(t, run, decision, ...)
  for _, name in ipairs { ... } do
    t:expect_task(run, { person = people.person(name) }):decide(name, { decision = decision })
  end
end

local function sign(t, run, decision, comment)
  t:expect_task(run, { position = "chair" }):decide("chair", { decision = decision or "approve", comment = comment })
end

-- Four of five are 80 per cent.
local function grant(t, run)
  endorse(t, run)
  vote(t, run, "approve", "m1", "m2", "m3", "m4")
  sign(t, run)
  t:expect_task(run, { person = people.person("proposer") }):decide("proposer", { decision = "noted" })
end

local function honours()
  return storage.sql "select * from honour order by decision_number"
end

describe("nominate", function()
  it("grants with a number and a row in the register, and tells the proposer", function(t)
    local run = nominate(t, open_round(t))
    grant(t, run)
    local result = flow.get(run).result
    t:expect(result.granted and result.decision_number == 1)
    t:snapshot("register", honours())
  end)

  it("fails as soon as 80 per cent cannot be reached, and gives the reason", function(t)
    local run = nominate(t, open_round(t))
    endorse(t, run)
    vote(t, run, "approve", "m1", "m2")
    vote(t, run, "return", "m3", "m4")
    t:expect_task(run, { person = people.person("proposer") }):decide("proposer", { decision = "noted" })
    local result = flow.get(run).result
    t:expect(not result.granted and result.reason:find("2", 1, true) ~= nil)
    t:expect(#honours() == 0)
  end)

  it("counts members who did not vote in time as not for it", function(t)
    local run = nominate(t, open_round(t))
    endorse(t, run)
    vote(t, run, "approve", "m1", "m2", "m3")
    t:advance("10 working days")
    t:advance("1h")
    t:expect_task(run, { person = people.person("proposer") }):decide("proposer", { decision = "noted" })
    t:expect(flow.get(run).result.granted == false)
  end)

  it("tells the reason of who does not endorse", function(t)
    local run = nominate(t, open_round(t))
    t:expect_task(run, { position = "unit_head" })
      :decide("district", { decision = "return", comment = "The wells are not finished." })
    t:expect_task(run, { person = people.person("proposer") })
    t:advance("10 working days")
    t:advance("1h")
    t:expect(flow.get(run).result.reason == "The wells are not finished.")
  end)

  it("gives one award to one achievement", function(t)
    local round = open_round(t)
    grant(t, nominate(t, round))
    local again = nominate(t, round, { nominee = "GROUP 5", achievement = "ten wells dug in 2020" })
    t:equal(flow.get(again).error.code, "awards.twice")
    t:equal(#honours(), 1)
  end)

  it("lets what was refused be proposed again", function(t)
    local round = open_round(t)
    local first = nominate(t, round)
    endorse(t, first)
    vote(t, first, "approve", "m1", "m2", "m3", "m4")
    sign(t, first, "return", "The report is missing.")
    t:expect_task(first, { person = people.person("proposer") }):decide("proposer", { decision = "noted" })
    grant(t, nominate(t, round))
    t:expect(#honours() == 1 and honours()[1].decision_number == 1)
  end)

  it("keeps to the quota of the round", function(t)
    local round = open_round(t, 1)
    local first, second = nominate(t, round), nominate(t, round, { nominee = "Group 6" })
    grant(t, first)
    endorse(t, second)
    vote(t, second, "approve", "m1", "m2", "m3", "m4")
    t:expect_task(second, { person = people.person("proposer") }):decide("proposer", { decision = "noted" })
    t:expect(flow.get(second).result.granted == false)
    local third = nominate(t, round, { nominee = "Group 7" })
    t:expect(flow.get(third).error.code == "awards.quota")
  end)

  it("numbers decisions without a gap, from 1 in each year", function(t)
    local round = open_round(t)
    for number = 1, 3 do
      local run = nominate(t, round, { nominee = "Group " .. number })
      grant(t, run)
      t:expect(flow.get(run).result.decision_number == number)
    end
    t:clock("2022-01-04 09:00")
    local run = nominate(t, round, { nominee = "Group 4" })
    grant(t, run)
    t:expect(flow.get(run).result.decision_number == 1)
  end)

  it("never asks the proposer to vote", function(t)
    local run = nominate(t, open_round(t), { proposer = people.person("m5") })
    endorse(t, run)
    vote(t, run, "approve", "m1", "m2", "m3", "m4")
    sign(t, run)
    t:expect_task(run, { person = people.person("m5") }):decide("m5", { decision = "noted" })
    local rows = storage.sql "select votes_of from nomination"
    t:expect(rows[1].votes_of == 4)
  end)
end)
