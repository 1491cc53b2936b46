-- A leader is appointed by the panel of the district: more than half of its members of today must approve, and one who
-- is to be appointed, or who proposes, has no vote. What the panel decided is kept with the names and the reason.

local appoint = {}

appoint.fields = { panel = "text!", person = "person!", position = "text!", unit = "unit!", proposer = "person!" }

appoint.decision = storage.table("appointment", {
  fields = {
    run = "integer!",
    panel = "text!",
    term = "text",
    person = "person!",
    position = "text!",
    unit = "unit!",
    decided_on = "date!",
    approved = "integer!",
    members = "integer!",
    decision = "choice:approve,return!",
    signed = "text!",
  },
  index = { { "unit", "-decided_on" } },
  export = true,
})

local function refuse(key, values)
  error { code = "scouts." .. key, message = t("appoint." .. key, values) }
end

-- The members who may vote on this.
local function voters(panel, input)
  local list = {}
  for _, member in ipairs(panel:members()) do
    if member.id ~= input.person and member.id ~= input.proposer then list[#list + 1] = member end
  end
  return list
end

local function ask(run, panel, members, input)
  local asked = {}
  for at, member in ipairs(members) do
    asked[at] = {
      to = member,
      title = t("appoint.task", { person = people.person(input.person).name, panel = panel.name }),
      form = { decision = "choice:approve,return!", comment = "text" },
      within = config.panel_days,
      remind = "1 day before",
    }
  end
  return run:ask_all(asked, { need = #members // 2 + 1 })
end

---@param run table
---@param input { panel: string, person: integer, position: string, unit: integer, proposer: integer }
---@return { decision: string, approved: integer, members: integer }
function appoint.run(run, input)
  local panel = people.body(input.panel)
  if not panel then refuse("panel", { panel = input.panel }) end
  local members = voters(panel, input)
  if #members == 0 then refuse("nobody", { panel = panel.name }) end

  local result = ask(run, panel, members, input)
  local first = result.answers[1]
  appoint.decision:insert {
    run = run.id, panel = input.panel, term = panel.term, person = input.person, position = input.position,
    unit = input.unit, decided_on = date.today(), approved = result.approved, members = #members,
    decision = result.decision,
    signed = people.signature { as = "body:" .. input.panel, by = people.person(first and first.by or members[1].id) },
  }
  return { decision = result.decision, approved = result.approved, members = #members }
end

return appoint
