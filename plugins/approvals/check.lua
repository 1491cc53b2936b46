-- Can a chain work in this office? Looked at when a chain is handed in, scheduled or published, and by the plan: names
-- of persons, positions, roles, bodies and units, conditions, deadlines, quorums.
--
-- Faults refuse the chain. Warnings do not: a position may be filled tomorrow.

local condition = require "approvals.condition"
local steps = require "approvals.steps"
local target = require "approvals.target"

local check = {}

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

local function is_duration(text)
  if type(text) ~= "string" then return false end
  return (pcall(date.add, date.today(), text))
end

local function check_times(step, refuse)
  local within = step.within
  if within ~= nil and (not is_duration(within) or within:find "before") then
    refuse("within", "duration", { value = tostring(within) })
  end
  if step.remind == nil then return end
  if not is_duration(step.remind) then
    refuse("remind", "duration", { value = tostring(step.remind) })
  elseif step.remind:find "before" and not within then
    refuse("remind", "remind")
  end
end

local function check_part(names, fields, refuse)
  local has = {}
  for _, field in ipairs(fields) do has[field.name] = true end
  for _, name in ipairs(names) do
    if not has[name] then refuse("when.field", { field = name }) end
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
  local count = reach(step.to, looked_up)
  if count == 0 then return warn("to", "nobody", { who = target.text(step.to) }) end
  if step.quorum and math.type(step.quorum) == "integer" and step.quorum > count then
    refuse("quorum", "quorum_more", { need = step.quorum, count = count })
  end
end

local function check_step(step, fields, looked_up, faults, warnings)
  local before = #faults
  local function adder(list)
    return function(field, key, values)
      list[#list + 1] = { step = step.name, field = field, key = key, values = values }
    end
  end
  local refuse = adder(faults)
  local has_unit = false
  for _, field in ipairs(fields) do has_unit = has_unit or field.name == "unit" end
  local function at(field)
    return function(key, values) refuse(field, key, values) end
  end
  check_target(step.to, has_unit, at "to")
  if step.escalate ~= nil then check_target(step.escalate, has_unit, at "escalate") end
  check_times(step, refuse)
  if step.title ~= nil and type(step.title) ~= "string" then refuse("title", "text") end
  if step.when ~= nil then condition.check(step.when, fields, at "when") end
  if step.part ~= nil then check_part(step.part, fields, at "part") end
  if step.vote and step.within == nil then adder(warnings)("within", "vote.no_term") end
  if #faults == before then check_group(step, looked_up, refuse, adder(warnings)) end
end

---@param list any the steps
---@param about any the content type that the chain is for
---@return table[] faults, table[] warnings
function check.chain(list, about)
  local faults, warnings = steps.faults(list), {}
  local ok, fields = pcall(content.fields, about)
  if not ok then
    table.insert(faults, 1, { step = "-", field = "about", key = "about", values = { about = tostring(about) } })
  end
  if #faults > 0 then return faults, warnings end
  local looked_up = {}
  for at, step in ipairs(list) do
    if step.parallel and step.when ~= nil then
      condition.check(step.when, fields, function(key, values)
        faults[#faults + 1] = { step = step.name, field = "when", key = key, values = values }
      end)
    end
    for _, one in ipairs(step.parallel or { list[at] }) do check_step(one, fields, looked_up, faults, warnings) end
  end
  return faults, warnings
end

return check
