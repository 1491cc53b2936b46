-- The dry run of a chain for one item: who would be asked, and by when, if everybody used the whole of the term; what
-- would be left out and why; when they would be reminded, and whom it would go on to; and what is unsettled. It asks
-- nobody and writes nothing.

local boxes = require "approvals.boxes"
local condition = require "approvals.condition"
local part = require "approvals.part"
local quorum = require "approvals.quorum"
local steps = require "approvals.steps"
local target = require "approvals.target"
local undecided = require "approvals.undecided"
local titles = require "approvals.titles"
local vote = require "approvals.vote"

local plan = {}

-- Who would be asked on a day. As in ask.lua: authors are left out, and the same position above is asked for them.
local function people_of(to, is_group, item, day)
  local resolved = target.resolve(to, item)
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
  if count == 0 then return end
  if step.vote then
    local take_part, approve = vote.needed(step, count)
    entry.members, entry.take_part, entry.need = count, take_part, approve
    local most = math.max(take_part, approve or 0)
    if most > count then warn(entry, "quorum", { need = most, count = count }) end
  elseif step.quorum then
    entry.need, entry.of = quorum.needed(step.quorum, count), count
    if entry.need > count then warn(entry, "quorum", { need = entry.need, count = count }) end
  end
end

local function add_people(entry, step, item, asked)
  local ok, members, is_author = pcall(people_of, step.to, step.quorum ~= nil or step.vote ~= nil, item, asked)
  if not ok then
    entry.warnings[#entry.warnings + 1] = members.message or tostring(members)
    return
  end
  entry.persons = shown(members)
  if #members == 0 then warn(entry, is_author and "only_author" or "nobody") end
  add_group(entry, step, #members)
end

-- "1 day before" is counted back from the end of the term; anything else from when it is asked.
local function add_reminder(entry, step, asked, due)
  if not step.remind then return end
  local remind = date.add(step.remind:find "before" and due or asked, step.remind)
  if due and date.between(remind, due, "seconds") <= 0 then return warn(entry, "late_remind") end
  entry.remind = remind.text
end

local function timeout_of(step)
  return step.vote and vote.without_quorum(step) or step.on_timeout or "escalate"
end

-- Whom it goes on to when the term is over: a question to them, too; of a vote without its quorum what becomes of it.
local function add_escalation(entry, step, item, due)
  entry.on_timeout = (due or step.vote) and timeout_of(step) or nil
  if entry.on_timeout ~= "escalate" or not step.escalate then return end
  local ok, members = pcall(people_of, step.escalate, false, item, due)
  entry.escalate = { at = due and due.text, who = target.text(step.escalate), persons = ok and shown(members) or nil }
  if not ok then
    entry.warnings[#entry.warnings + 1] = members.message or tostring(members)
  elseif #members == 0 then
    warn(entry, "nobody_above", { who = entry.escalate.who })
  end
end

-- Where there is no item yet, nobody knows whether a condition will hold.
local function holds(round, step)
  if not step.when or not round.item.id then return nil end
  return condition.holds(step.when, round.item, round.fields)
end

local function when_text(round, step)
  return condition.text(titles.step(step, round.titles).when)
end

local function new_entry(round, step, group)
  local entry = { step = step.name, who = target.text(step.to), warnings = {}, persons = {} }
  local returns = steps.returns(round.list, round.at, step)
  entry.form = step.vote and vote.form(step, returns) or steps.form(returns)
  if #returns > 0 then entry.returns = returns end
  if group then entry.beside, entry.side = group.name, boxes.side(group) end
  entry.vote, entry.part = vote.text(step), part.text(titles.step(step, round.titles))
  if step.when then entry.when, entry.holds = when_text(round, step), holds(round, step) end
  return entry
end

-- One that asks, at the latest from `asked` on.
local function plan_step(round, step, asked, group)
  local entry = new_entry(round, step, group)
  if entry.holds == false then
    entry.skipped = t("plan.skipped", { condition = entry.when })
    return entry, asked
  end
  entry.asked = asked.text
  add_people(entry, step, round.item, asked)
  local due = step.within and date.add(asked, step.within)
  add_reminder(entry, step, asked, due)
  add_escalation(entry, step, round.item, due)
  if not due then
    warn(entry, "no_term")
    return entry, asked
  end
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
  if holds(round, place) == false then
    local why = t("plan.skipped", { condition = when_text(round, place) })
    return { { step = place.name, skipped = why, warnings = {}, persons = {} } }, asked
  end
  for at, step in ipairs(place.parallel) do
    local due
    list[at], due = plan_step(round, step, asked, place)
    ends = later(ends, due)
  end
  return list, ends
end

---@param list table[] steps that were checked
---@param item table an item, or what would be one: type, title, unit, created_by and its fields
---@param from table? an instant; without it, now
---@return { steps: table[], ends: string, unsettled: integer, warnings: string[]? } persons and warnings only where
---there are some; warnings beside the steps are of the chain as a whole
function plan.make(list, item, from)
  local round = { item = item, fields = content.fields(item.type), titles = titles.of(item.type), list = list }
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
  local how = undecided.of(list, function(step) return holds(round, step) end)
  if how then
    out.warnings = { steps.sentence { step = "-", field = "steps", key = "undecided." .. how } }
    out.unsettled = out.unsettled + 1
  end
  return out
end

-- What is a moment in data, as people of the language write it.
local function shown_at(moment)
  local at = date.parse(moment)
  return at and date.format(at, "time") or moment
end

local function line_of_when(entry)
  if not entry.when then return nil end
  return t(entry.holds and "plan.holds" or "plan.when", { condition = entry.when })
end

-- What happens when the term is over.
local function line_of_end(entry)
  local kind = entry.take_part and "plan.vote." or "plan.then."
  local above = entry.escalate
  if above then
    local names = {}
    for at, person in ipairs(above.persons or {}) do names[at] = person.name end
    local who = #names > 0 and above.who .. " (" .. table.concat(names, ", ") .. ")" or above.who
    return t(kind .. "escalate", { who = who })
  end
  if entry.on_timeout == "return" or entry.on_timeout == "pass" then return t(kind .. entry.on_timeout) end
end

-- One line with whom and one with the dates; then what is to be known about it, a line each.
local function lines_of(entry)
  if entry.skipped then return { entry.step .. ": " .. entry.skipped } end
  local dates = { t("plan.asked", { asked = shown_at(entry.asked) }) }
  if entry.remind then dates[#dates + 1] = t("plan.remind", { remind = shown_at(entry.remind) }) end
  if entry.due then dates[#dates + 1] = t("plan.due", { due = shown_at(entry.due) }) end
  local lines = { entry.step .. ": " .. entry.who, table.concat(dates, "; ") }
  local function add(text)
    if text then lines[#lines + 1] = text end
  end
  add(entry.beside and t("plan.beside", { group = entry.beside, rule = entry.side }))
  add(line_of_when(entry))
  add(entry.of and t("plan.need", { need = entry.need, of = entry.of }))
  add(entry.vote)
  add(entry.take_part and t("plan.take_part", { need = entry.take_part, of = entry.members }))
  add(entry.take_part and entry.need and t("plan.for", { need = entry.need, of = entry.members }))
  add(entry.part)
  add(entry.returns and t("diagram.returns", { steps = table.concat(entry.returns, ", ") }))
  add(line_of_end(entry))
  return lines
end

---The same for a screen.
---@param made table what plan.make gave
---@return string
function plan.text(made)
  local lines = {}
  for at, entry in ipairs(made.steps) do
    for n, line in ipairs(lines_of(entry)) do lines[#lines + 1] = (n == 1 and at .. ". " or "     ") .. line end
    for _, person in ipairs(entry.persons or {}) do lines[#lines + 1] = "   - " .. person.name .. ": " .. person.why end
    for _, warning in ipairs(entry.warnings or {}) do lines[#lines + 1] = "   ! " .. warning end
  end
  for _, warning in ipairs(made.warnings or {}) do lines[#lines + 1] = "! " .. warning end
  lines[#lines + 1] = t("plan.ends", { ends = shown_at(made.ends) })
  return table.concat(lines, "\n")
end

return plan
