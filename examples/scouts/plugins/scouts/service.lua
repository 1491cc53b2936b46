-- Long-service awards, which nobody asks for: once a year everybody who holds a position is looked at, and who has
-- served for one of the round numbers of years gets that award, once. Pauses do not count, two positions count once.

local service = {}

service.award = storage.table("service_award", {
  fields = { person = "person!", years = "integer!", given_on = "date!", unit = "unit!" },
  unique = { { "person", "years" } },
  index = { { "given_on" } },
  export = true,
})

local positions = { "chief", "deputy_chief", "region_commissioner", "district_commissioner", "deputy_commissioner",
  "group_leader", "section_leader" }

-- Everybody once, with the unit that comes first.
local function serving(day)
  local list, seen = {}, {}
  for _, unit in ipairs(people.units { at = day }) do
    for _, position in ipairs(positions) do
      for _, person in ipairs(people.holders(position, unit, { at = day })) do
        if not seen[person.id] then list[#list + 1] = { person = person, unit = unit } end
        seen[person.id] = true
      end
    end
  end
  return list
end

-- The longest of the round numbers that has been reached.
local function reached(years)
  local most
  for _, number in ipairs(config.service_years) do
    if years >= number and (not most or number > most) then most = number end
  end
  return most
end

---@param input { on: table? }
---@return { given: integer }
function service.run(_, input)
  local day, given = input.on or date.today(), 0
  for _, one in ipairs(serving(day)) do
    local years = reached(people.service(one.person, { at = day }).years)
    if years and service.award:count { person = one.person, years = years } == 0 then
      service.award:insert { person = one.person, years = years, given_on = day, unit = one.unit }
      given = given + 1
    end
  end
  return { given = given }
end

return service
