-- What the steps of a chain may say. The same tables come from a chain that an administrator has written as data and
-- from a flow that has worked them out in Lua.
--
-- A step that asks: name, to (target.lua); and if wanted
--   title      of the task; "{title}" is the item's
--   when       asked only then (condition.lua)
--   quorum     asks each of the group by himself: "all", "any", a number, "2/3", ">1/2", "60%" must approve
--   veto       true: one "return" is enough to return it
--   vote       they vote (vote.lua): { threshold = "2/3", quorum = "1/2", secret = true, … }
--   part       the fields of the text for which it answers (part.lua); without it, all
--   within, remind, escalate, on_timeout   a deadline, and what then: "escalate", "return" (to the author), "pass"; of
--              a vote: what becomes of it without its quorum
--   lint       true: the findings of the lint are shown, and go back with the text
--   may_return_to   beside the author: a name, a list of names of earlier steps, or "any"
--
-- Steps side by side: name, parallel = { step, … }; and if wanted when, and need = "all", "any" or how many of them.

local quorum = require "approvals.quorum"
local vote = require "approvals.vote"

local steps = {}

steps.most = 50

local options = {
  name = true, title = true, to = true, within = true, remind = true, escalate = true, on_timeout = true, lint = true,
  may_return_to = true, when = true, quorum = true, veto = true, vote = true, part = true,
}
local group_options = { name = true, title = true, parallel = true, need = true, when = true }
local timeouts = { escalate = true, ["return"] = true, pass = true }
local taken = { author = true, any = true }

local function check_name(step, at, found)
  local name = type(step) == "table" and step.name
  if type(name) ~= "string" or name == "" then found.add("#" .. at, "name", "name") return false end
  if taken[name] or #name > 80 or name:find "[,!:%c]" then found.add(name, "name", "bad_name") end
  if found.places[name] then found.add(name, "name", "twice") end
  return true
end

local function has_nul(value)
  if type(value) == "string" then return value:find("\0", 1, true) ~= nil end
  if type(value) ~= "table" then return false end
  for key, one in pairs(value) do
    if has_nul(key) or has_nul(one) then return true end
  end
  return false
end

local function check_options(step, known, found)
  for option, value in pairs(step) do
    if not known[option] then found.add(step.name, tostring(option), "option") end
    if found.may_have_nul and option ~= "parallel" and has_nul(value) then
      found.add(step.name, tostring(option), "nul")
    end
  end
end

-- An earlier step, at the top or side by side; "any" of them.
local function check_return(step, found)
  local to = step.may_return_to
  for _, name in ipairs(type(to) == "table" and to or { to }) do
    if name ~= "any" and name ~= "author" and not found.places[name] then
      found.add(step.name, "may_return_to", "may_return_to", { to = tostring(name) })
    end
  end
end

-- Names of fields; whether the items have them is for check.lua.
local function check_part(step, found)
  local names, seen = step.part, {}
  local is_list = type(names) == "table" and #names > 0 and #names <= 100
  for key, name in pairs(is_list and names or {}) do
    is_list = is_list and math.type(key) == "integer" and type(name) == "string" and not seen[name]
    seen[name] = true
  end
  if not is_list then found.add(step.name, "part", "part") end
end

local function check_vote(step, found)
  vote.check(step, function(field, key, values) found.add(step.name, field, key, values) end)
end

local function check_ask(step, found)
  check_options(step, options, found)
  if step.to == nil then found.add(step.name, "to", "to") end
  if step.part ~= nil then check_part(step, found) end
  if step.vote ~= nil then check_vote(step, found) end
  for _, field in ipairs { "veto", "lint" } do
    if step[field] ~= nil and type(step[field]) ~= "boolean" then found.add(step.name, field, "boolean") end
  end
  if step.quorum ~= nil and not quorum.needed(step.quorum, 1) then found.add(step.name, "quorum", "quorum") end
  if step.on_timeout and not timeouts[step.on_timeout] then
    found.add(step.name, "on_timeout", "on_timeout", { value = tostring(step.on_timeout) })
  end
  check_return(step, found)
end

local function check_group(group, at, found)
  check_options(group, group_options, found)
  local list = group.parallel
  if type(list) ~= "table" or #list < 2 then return found.add(group.name, "parallel", "parallel") end
  local need = group.need == nil and "all" or group.need
  local count = quorum.needed(need, #list)
  if not count or type(need) == "string" and need ~= "all" and need ~= "any" then
    found.add(group.name, "need", "need")
  elseif count > #list then
    found.add(group.name, "need", "need_more", { need = count, count = #list })
  end
  for n, step in ipairs(list) do
    if check_name(step, at .. "." .. n, found) then
      if step.parallel then found.add(step.name, "parallel", "nested") else check_ask(step, found) end
    end
  end
  for _, step in ipairs(list) do
    if type(step) == "table" and step.name then found.places[step.name] = at end
  end
end

---What is wrong with the form of a list of steps, whatever office it is for.
---@param list any
---@return { step: string, field: string, key: string, values: table? }[] faults, table<string, integer> places by name
function steps.faults(list)
  local faults = {}
  local found = { places = {} }
  function found.add(step, field, key, values)
    faults[#faults + 1] = { step = step, field = field, key = key, values = values }
  end
  if type(list) ~= "table" or #list == 0 then
    found.add("-", "steps", "empty")
    list = {}
  end
  local is_plain, text = pcall(json.encode, list)
  found.may_have_nul = not is_plain or text:find("\\u0000", 1, true) ~= nil
  if #list > steps.most then found.add("-", "steps", "many", { most = steps.most }) end
  for at = 1, math.min(#list, steps.most) do
    local step = list[at]
    if check_name(step, at, found) then
      if step.parallel then check_group(step, at, found) else check_ask(step, found) end
      found.places[step.name] = at
    end
  end
  return faults, found.places
end

---A fault as a sentence that names the step and the field.
---@param fault table
---@return string
function steps.sentence(fault)
  local what = t("steps." .. fault.key, fault.values)
  return t("steps.fault", { step = fault.step, field = fault.field, what = what })
end

---Refuses for what was found: the first three, so that the sentence can be read.
---@param faults table[]
function steps.refuse(faults)
  if #faults == 0 then return end
  local lines = {}
  for at = 1, math.min(#faults, 3) do lines[at] = steps.sentence(faults[at]) end
  if #faults > 3 then lines[4] = t("steps.more", { count = #faults - 3 }) end
  error { code = "approvals." .. faults[1].key, message = table.concat(lines, "\n") }
end

---Refuses a list of steps that cannot work, before anybody is asked.
---@param list any
---@return table<string, integer> places by name
function steps.check(list)
  local faults, places = steps.faults(list)
  steps.refuse(faults)
  return places
end

---All that ask, those side by side too, with the place of each.
---@param list table[]
---@return fun(): table?, integer?
function steps.each(list)
  local all = {}
  for at, step in ipairs(list) do
    for _, one in ipairs(step.parallel or { step }) do all[#all + 1] = { one, at } end
  end
  local n = 0
  return function()
    n = n + 1
    if all[n] then return all[n][1], all[n][2] end
  end
end

---The names to which a step may return, the author left out.
---@param list table[]
---@param at integer the place of the step
---@param step table
---@return string[]
function steps.returns(list, at, step)
  local to = step.may_return_to
  if to == nil then return {} end
  local is_any, names, wanted = false, {}, {}
  for _, name in ipairs(type(to) == "table" and to or { to }) do
    if name == "any" then is_any = true end
    wanted[name] = true
  end
  for place = 1, at - 1 do
    for _, one in ipairs { list[place], table.unpack(list[place].parallel or {}) } do
      if is_any or wanted[one.name] then names[#names + 1] = one.name end
    end
  end
  return names
end

---What a reader fills in: known before anybody is asked, from the chain alone.
---@param names string[] the steps to which one may return
---@return table
function steps.form(names)
  local fields = { decision = "choice:approve,return!", comment = "text" }
  if #names > 0 then fields.return_to = "choice:author," .. table.concat(names, ",") end
  return fields
end

---@param step table
---@param item table
---@return string
function steps.title(step, item)
  local title = step.title or t "task.title"
  return (title:gsub("{(%w+)}", { title = item:title(), step = step.name }))
end

return steps
