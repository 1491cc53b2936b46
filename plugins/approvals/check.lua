-- Can a chain work in this office? Looked at when a chain is handed in, scheduled or published, and by the plan: names
-- of persons, positions, roles, bodies and units, conditions, deadlines, quorums.
--
-- Faults refuse the chain. Warnings do not: a position may be filled tomorrow.

local condition = require "approvals.condition"
local steps = require "approvals.steps"
local target = require "approvals.target"
local undecided = require "approvals.undecided"

local check = {}

local most_returns = 99

local known = { person = true, position = true, role = true, body = true, unit = true, above = true, level = true }

local function is_unit(code)
  return type(code) == "string" and people.unit(code) ~= nil
end

local function is_kind(level)
  for _, unit in ipairs(people.units()) do
    if unit.kind == level then return true end
  end
  return false
end

local function check_who(to, refuse)
  local count = 0
  for _, key in ipairs { "person", "position", "role", "body" } do
    if to[key] ~= nil then count = count + 1 end
  end
  if count ~= 1 then return refuse("target.one") end
  for _, key in ipairs { "person", "position", "role", "body" } do
    local code = to[key]
    if code ~= nil and not (type(code) == "string" and people[key](code)) then
      refuse("target." .. key, { [key] = tostring(code) })
    end
  end
end

local function check_where(to, has_unit, refuse)
  local count = (to.unit ~= nil and 1 or 0) + (to.above ~= nil and 1 or 0) + (to.level ~= nil and 1 or 0)
  if count > 1 or (count == 1 and (to.person or to.body)) then return refuse("target.where") end
  if to.above ~= nil and not to.position then return refuse("target.above") end
  if (to.unit == "item" or to.above == "item" or to.level) and not has_unit then return refuse("target.has_no_unit") end
  local unit = to.unit or to.above
  if unit and unit ~= "item" and not is_unit(unit) then refuse("target.unit", { unit = tostring(unit) }) end
  if to.level and not is_kind(to.level) then refuse("target.kind", { level = tostring(to.level) }) end
end

local function check_target(to, has_unit, refuse)
  if type(to) ~= "table" or next(to) == nil then return refuse "target.form" end
  if #to > 0 then
    for _, one in ipairs(to) do check_target(one, has_unit, refuse) end
    return
  end
  for key in pairs(to) do
    if not known[key] then return refuse("target.option", { option = tostring(key) }) end
  end
  check_who(to, refuse)
  check_where(to, has_unit, refuse)
end

-- Steps of a chain mostly have the same few terms: each is looked at once.
local function is_duration(text, known_terms)
  if type(text) ~= "string" then return false end
  if known_terms[text] == nil then known_terms[text] = pcall(date.add, date.now(), text) end
  return known_terms[text]
end

local function check_times(step, known_terms, refuse)
  local within = step.within
  if within ~= nil and (not is_duration(within, known_terms) or within:find "before") then
    refuse("within", "duration", { value = tostring(within) })
  end
  if step.remind == nil then return end
  if not is_duration(step.remind, known_terms) then
    refuse("remind", "duration", { value = tostring(step.remind) })
  elseif step.remind:find "before" and not within then
    refuse("remind", "remind")
  end
end

local function check_part(names, has_field, refuse)
  for _, name in ipairs(names) do
    if not has_field[name] then refuse("when.field", { field = name }) end
  end
end

-- What tells two targets apart when it does not matter to which item they belong.
local function key_of(to)
  local unit = to.unit ~= "item" and to.unit or ""
  return ("%s|%s|%s|%s|%s"):format(to.person or "", to.position or "", to.role or "", to.body or "", unit)
end

-- Those who could be asked at all, wherever the item is. Who is asked twice in a chain is looked up once: the check has
-- the few milliseconds of a hook.
local function reach(to, looked_up)
  local everybody = {}
  for _, one in ipairs(#to > 0 and to or { to }) do
    local key = key_of(one)
    if not looked_up[key] then
      local who = { person = one.person, position = one.position, role = one.role, body = one.body }
      if one.unit ~= "item" then who.unit = one.unit end
      looked_up[key] = target.members(target.resolve(who, {}), {}, nil, true)
    end
    for _, member in ipairs(looked_up[key]) do everybody[member.person.id] = true end
  end
  local count = 0
  for _ in pairs(everybody) do count = count + 1 end
  return count
end

local function check_group(step, looked_up, refuse, warn)
  local count, rules = reach(step.to, looked_up), step.vote or {}
  if step.escalate and reach(step.escalate, looked_up) == 0 then
    warn("escalate", "nobody", { who = target.text(step.escalate) })
  end
  if count == 0 then return warn("to", "nobody", { who = target.text(step.to) }) end
  local function fits(field, need)
    if math.type(need) == "integer" and need > count then
      refuse(field, "quorum_more", { need = need, count = count })
    end
  end
  fits("quorum", step.quorum)
  fits("vote", rules.quorum)
  fits("vote", rules.threshold)
end

-- Where those against may send it stands on each ballot.
local function check_vote(step, around, refuse, warn)
  if step.within == nil then warn("within", "vote.no_term") end
  if around.count <= most_returns then return end
  local count = #steps.returns(around.list, around.at, step)
  if count > most_returns then refuse("may_return_to", "vote.returns", { most = most_returns, count = count }) end
end

local function check_step(step, around, faults, warnings)
  local has_unit = around.has_field.unit
  local before = #faults
  local function adder(list)
    return function(field, key, values)
      list[#list + 1] = { step = step.name, field = field, key = key, values = values }
    end
  end
  local refuse = adder(faults)
  local function at(field)
    return function(key, values) refuse(field, key, values) end
  end
  check_target(step.to, has_unit, at "to")
  if step.escalate ~= nil then check_target(step.escalate, has_unit, at "escalate") end
  check_times(step, around.known_terms, refuse)
  if step.title ~= nil and type(step.title) ~= "string" then refuse("title", "text") end
  if step.when ~= nil then condition.check(step.when, around.fields, at "when") end
  if step.part ~= nil then check_part(step.part, around.has_field, at "part") end
  if step.vote then check_vote(step, around, refuse, adder(warnings)) end
  if #faults == before then check_group(step, around.looked_up, refuse, adder(warnings)) end
end

-- Those whose form is right: of these it can be told as well whether they can work here, so that all is told at once.
local function well_formed(list, faults)
  local broken, good = {}, {}
  for _, fault in ipairs(faults) do broken[fault.step] = true end
  for at = 1, type(list) == "table" and math.min(#list, steps.most) or 0 do
    local step = type(list[at]) == "table" and list[at] or { name = "" }
    for _, one in ipairs(not broken[step.name] and type(step.parallel) == "table" and step.parallel or { step }) do
      if type(one) == "table" and type(one.name) == "string" and not broken[one.name] then
        good[#good + 1] = { step = one, at = at }
      end
    end
  end
  return good
end

local function check_groups(list, fields, faults)
  for _, step in ipairs(list) do
    if step.parallel and step.when ~= nil then
      condition.check(step.when, fields, function(key, values)
        faults[#faults + 1] = { step = step.name, field = "when", key = key, values = values }
      end)
    end
  end
end

---@param list any the steps
---@param about any the content type that the chain is for
---@return table[] faults, table[] warnings
function check.chain(list, about)
  local faults, warnings = steps.faults(list), {}
  local ok, fields = pcall(content.fields, about)
  if not ok then
    table.insert(faults, 1, { step = "-", field = "about", key = "about", values = { about = tostring(about) } })
    return faults, warnings
  end
  local good = well_formed(list, faults)
  local around = { fields = fields, has_field = {}, looked_up = {}, known_terms = {}, list = list, count = 0 }
  for _, field in ipairs(fields) do around.has_field[field.name] = true end
  if #faults == 0 then
    around.count = #good + #list -- names, at most; of what is not well formed there is none
    check_groups(list, fields, faults)
  end
  for _, one in ipairs(good) do
    around.at = one.at
    check_step(one.step, around, faults, warnings)
  end
  local how = #faults == 0 and undecided.how(list)
  if how then warnings[#warnings + 1] = { step = "-", field = "steps", key = "undecided." .. how } end
  return faults, warnings
end

return check
