-- The dry run of a chain for one item: who would be asked, and by when, if everybody used the whole of the term; what
-- would be left out and why; and what is unsettled. It asks nobody and writes nothing.

local condition = require "approvals.condition"
local part = require "approvals.part"
local quorum = require "approvals.quorum"
local steps = require "approvals.steps"
local target = require "approvals.target"
local vote = require "approvals.vote"

local plan = {}

-- Who would be asked on a day. As in ask.lua: authors are left out, and the same position above is asked for them.
local function people_of(step, item, day)
  local resolved = target.resolve(step.to, item)
  local is_group = step.quorum ~= nil or step.vote ~= nil
  local authors = target.authors(item)
  local members, is_author = target.members(resolved, authors, day, is_group)
  if #members > 0 or not is_author or is_group then return members, is_author end
  return target.members(target.without(resolved, authors), authors, day), is_author
end

local function shown(members)
  local list = {}
  for at, one in ipairs(members) do
    list[at] = { person = one.person.code, name = one.person.name, why = one.sentence }
  end
  return list
end

local function warn(entry, key, values)
  entry.warnings[#entry.warnings + 1] = t("plan." .. key, values)
end

local function add_group(entry, step, count)
  if not step.quorum or count == 0 then return end
  local need = quorum.needed(step.quorum, count)
  entry.need, entry.of = need, count
  if need > count then warn(entry, "quorum", { need = need, count = count }) end
end

local function add_people(entry, step, item, asked)
  local ok, members, is_author = pcall(people_of, step, item, asked)
  if not ok then
    entry.warnings[#entry.warnings + 1] = members.message or tostring(members)
    return
  end
  entry.persons = shown(members)
  if #members == 0 then warn(entry, is_author and "only_author" or "nobody") end
  add_group(entry, step, #members)
end

-- Where there is no item yet, nobody knows whether a condition will hold.
local function is_left_out(round, step)
  return step.when and round.item.id and not condition.holds(step.when, round.item, round.fields)
end

-- One that asks, at the latest from `asked` on.
local function plan_step(round, step, asked, beside)
  local entry = { step = step.name, beside = beside, who = target.text(step.to), warnings = {}, persons = {} }
  entry.form = steps.form(steps.returns(round.list, round.at, step))
  if step.when then entry.when = condition.text(step.when) end
  entry.vote, entry.part = vote.text(step), part.text(step)
  if is_left_out(round, step) then
    entry.skipped = t("plan.skipped", { condition = entry.when })
    return entry, asked
  end
  entry.asked = asked.text
  add_people(entry, step, round.item, asked)
  if not step.within then
    warn(entry, "no_term")
    return entry, asked
  end
  local due = date.add(asked, step.within)
  entry.due = due.text
  return entry, due
end

local function later(a, b)
  return date.between(a, b, "seconds") > 0 and b or a
end

-- Those side by side are asked at once; the place ends with the last of them.
local function plan_place(round, place, asked)
  if not place.parallel then
    local entry, due = plan_step(round, place, asked)
    return { entry }, due
  end
  local list, ends = {}, asked
  if is_left_out(round, place) then
    local why = t("plan.skipped", { condition = condition.text(place.when) })
    return { { step = place.name, skipped = why, warnings = {}, persons = {} } }, asked
  end
  for at, step in ipairs(place.parallel) do
    local due
    list[at], due = plan_step(round, step, asked, place.name)
    ends = later(ends, due)
  end
  return list, ends
end

---@param list table[] steps that were checked
---@param item table an item, or what would be one: type, title, unit, created_by and its fields
---@param from table? an instant; without it, now
---@return { steps: table[], ends: string, unsettled: integer } persons and warnings only where there are some
function plan.make(list, item, from)
  local round = { item = item, fields = content.fields(item.type), list = list }
  local out, asked = { steps = {}, unsettled = 0 }, from or date.now()
  for at, place in ipairs(list) do
    local entries
    round.at = at
    entries, asked = plan_place(round, place, asked)
    for _, entry in ipairs(entries) do
      if #entry.persons == 0 then entry.persons = nil end
      out.steps[#out.steps + 1] = entry
      out.unsettled = out.unsettled + #entry.warnings
      if #entry.warnings == 0 then entry.warnings = nil end
    end
  end
  out.ends = asked.text
  return out
end

local function line(entry)
  if entry.skipped then return entry.step .. ": " .. entry.skipped end
  local words = { entry.who, t("plan.asked", { asked = entry.asked }) }
  if entry.due then words[#words + 1] = t("plan.due", { due = entry.due }) end
  if entry.need then words[#words + 1] = t("plan.need", { need = entry.need, of = entry.of }) end
  for _, said in ipairs { entry.vote or false, entry.part or false } do
    if said then words[#words + 1] = said end
  end
  if entry.when then words[#words + 1] = t("plan.when", { condition = entry.when }) end
  return entry.step .. ": " .. table.concat(words, "; ")
end

---The same for a screen.
---@param made table what plan.make gave
---@return string
function plan.text(made)
  local lines = {}
  for at, entry in ipairs(made.steps) do
    lines[#lines + 1] = at .. ". " .. line(entry)
    for _, person in ipairs(entry.persons or {}) do lines[#lines + 1] = "   - " .. person.name .. ": " .. person.why end
    for _, warning in ipairs(entry.warnings or {}) do lines[#lines + 1] = "   ! " .. warning end
  end
  lines[#lines + 1] = t("plan.ends", { ends = made.ends })
  return table.concat(lines, "\n")
end

return plan
