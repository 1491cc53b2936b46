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

--- people.service
assert(people.service("editor", { position = "editor", at = "2025-01-01" }).years == 5)

--- people.may
local yes, why = people.may(people.person("chief"), "approve", people.unit("commune"))
log.info(why, { may = yes })

--- people.delegate
people.delegate { from = people.person("editor"), to = people.person("chief"), until_ = "2021-01-15", act = "12/QĐ" }

--- people.delegations
people.delegate { from = "editor", to = "chief", until_ = "2021-01-15" }
local mine = people.delegations { person = people.person("chief"), at = "2021-01-10" }
assert(mine[1].from == people.person("editor") and mine[1].holds)

--- people.revoke
local id = people.delegate { from = "editor", to = "chief", until_ = "2021-01-15" }
people.revoke(id, { on = "2021-01-10" })
assert(#people.delegations { person = "chief", at = "2021-01-10" } == 0)

--- people.explain
local why = people.explain("editor", { position = "editor", unit = "commune" }, { at = "2021-01-04" })
assert(why.may and why.kind == "position" and why.unit == people.unit("commune"))
log.info(why.sentence)

--- people.deciders
local who = people.deciders { position = "editor", unit = people.unit("commune") }
assert(who[1].person == people.person("editor"))

--- people.position
assert(people.position("editor").title == "Editor" and people.position("nobody") == nil)

--- people.role
assert(people.role("author").verbs[1] == "content.create" and people.role("nobody") == nil)

--- people.signature
local answer = { as = "editor", by = people.person("editor"), decision = "approve" } -- as run:ask gives it
local lines, name = people.signature(answer)
assert(lines == "EDITOR" and name == "Editor")

--- people.body
people.import { bodies = { { code = "panel", name = "Panel", unit = "province" } } }
assert(people.body("panel").name == "Panel" and people.body("nothing") == nil)

--- body:members
people.import { bodies = { { code = "panel", name = "Panel", unit = "province" } },
  body_members = { { body = "panel", person = "chief", capacity = "chair" } } }
for _, member in ipairs(people.body("panel"):members { at = "2021-01-04" }) do
  assert(member == people.person("chief") and member.capacity == "chair")
end

--- people.merge
people.import { units = { { code = "other", name = "Other", kind = "commune", parent = "province", from = "2016-01-01" } } }
local done = people.merge { from = { "commune", "other" }, day = "2025-07-01", act = "12/NQ",
  into = { code = "both", name = "Both", kind = "commune", parent = "province" } }
assert(#done.ended == 2 and people.unit("both", { at = "2025-07-01" }))

--- people.split
local plan = people.split { unit = "commune", day = "2025-07-01", dry_run = true,
  into = { { code = "east", name = "East" }, { code = "west", name = "West" } } }
assert(#plan.made == 2 and people.unit("east") == nil)

--- people.rename
people.rename { unit = "commune", name = "Ward", day = "2025-07-01" }
assert(people.unit("commune", { at = "2025-07-01" }).name == "Ward")

--- people.abolish
people.abolish { unit = "commune", into = "province", day = "2025-07-01" }
assert(#people.units { at = "2025-07-01" } == 1)

--- people.move
people.import { units = { { code = "district", name = "District", parent = "province", from = "2021-01-01" } } }
people.move { unit = "commune", parent = "district", day = "2025-07-01" }
assert(people.unit("commune"):parent { at = "2025-07-01" }.code == "district")

--- unit:hangs
local hangs = people.unit("commune"):hangs { at = "2021-01-04" }
assert(#hangs.children == 0 and hangs.holders[1].person == "Editor")

--- people.import
people.import { units = { { code = "district", name = "District", kind = "district", from = "2021-01-01" } } }
assert(people.unit("district"))
