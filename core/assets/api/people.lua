-- Examples of people.*, unit:* (see content.lua for how they are read).

--- people.unit
local commune = people.unit("commune")
assert(commune.name == "Commune" and people.unit("nowhere") == nil)

--- people.units
assert(#people.units { at = "2021-01-04" } == 2)

--- unit:parent
assert(people.unit("commune"):parent().code == "province")

--- unit:children
assert(people.unit("province"):children()[1].code == "commune")

--- unit:above
assert(people.unit("commune"):above("province").code == "province")

--- unit:successors
for _, after in ipairs(people.unit("commune"):successors()) do
  log.info("became " .. after.unit.code, { how = after.how })
end

--- people.person
assert(people.person("editor").name == "Editor")

--- people.holders
local holders = people.holders("editor", people.unit("commune"), { at = "2021-01-04" })
assert(holders[1] == people.person("editor"))

--- people.may
local yes, why = people.may(people.person("chief"), "approve", people.unit("commune"))
log.info(why, { may = yes })

--- people.delegate
people.delegate { from = people.person("chief"), to = people.person("editor"), until_ = "2021-01-15", act = "12/QĐ" }

--- people.import
people.import { units = { { code = "district", name = "District", kind = "district", from = "2021-01-01" } } }
assert(people.unit("district"))
