-- What a step of a chain may say, and whom it asks.
--
-- A step: name, to; and if wanted title ("{title}" is the item's), within, remind, escalate, lint (the findings of the
-- lint are shown, and go back with the text), may_return_to (the name of an earlier step; without it a return always
-- goes to the author).
--
-- In `to` and `escalate`, unit = "item" and above = "item" mean the unit of the item.

local steps = {}

local known = {
  name = true, title = true, to = true, within = true, remind = true, escalate = true, lint = true,
  may_return_to = true,
}

local function refuse(key, values)
  error { code = "approvals." .. key, message = t("steps." .. key, values) }
end

local function check_one(list, at, places)
  local step = list[at]
  if type(step) ~= "table" or type(step.name) ~= "string" then refuse("name", { number = at }) end
  for option in pairs(step) do
    if not known[option] then refuse("option", { step = step.name, option = option }) end
  end
  if places[step.name] then refuse("twice", { step = step.name }) end
  if step.to == nil then refuse("to", { step = step.name }) end
  if step.may_return_to and not places[step.may_return_to] then
    refuse("may_return_to", { step = step.name, to = step.may_return_to })
  end
end

---Refuses a list of steps that cannot work, before anybody is asked.
---@param list table[]
---@return table<string, integer> places by name
function steps.check(list)
  if type(list) ~= "table" or #list == 0 then refuse("empty") end
  local places = {}
  for at = 1, #list do
    check_one(list, at, places)
    places[list[at].name] = at
  end
  return places
end

---Puts the unit of the item where a target says "item".
---@param to any
---@param item table
function steps.target(to, item)
  if type(to) ~= "table" then return to end
  local target = {}
  for key, value in pairs(to) do
    local is_unit = (key == "unit" or key == "above") and value == "item"
    if is_unit and not item.unit then refuse("unit", { item = item:title() }) end
    target[key] = is_unit and item.unit or value
  end
  return target
end

---Who wrote a text does not approve it. Where the author holds the position that is asked, the other holders are asked,
---and where there are none, the same position above.
---@param to any a target without "item"
---@param author integer? a person
function steps.without(to, author)
  if not author or type(to) ~= "table" or not to.position or not to.unit then return to end
  local others, holds = {}, false
  for _, person in ipairs(people.holders(to.position, to.unit)) do
    if person.id == author then holds = true else others[#others + 1] = person end
  end
  if not holds then return to end
  return #others > 0 and others or { position = to.position, above = to.unit }
end

---@param step table
---@param item table
---@return string
function steps.title(step, item)
  local title = step.title or t "task.title"
  return (title:gsub("{(%w+)}", { title = item:title(), step = step.name }))
end

return steps
