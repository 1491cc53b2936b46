-- Whom a step asks: as a chain says it, as it is meant for one item, and who that is on a day.
--
--   { person = "lan" }   { body = "council" }   { position = "editor", unit = "item" }   { role = "editor", … }
--
-- Where: unit = "item" (the unit of the item) or a code; above = "item" or a code: the nearest unit above in which
-- somebody holds the position; level = "district": the unit of this kind that the item's is, or that is above it.
-- A list of such asks all of them.

local target = {}

local levels = 32

local function refuse(key, values)
  error { code = "approvals." .. key, message = t("target." .. key, values) }
end

-- A code, an id or an object; "item" is the unit of the item.
local function unit_of(value, item)
  if value == "item" then
    if not item.unit then refuse("no_unit", { item = item.title }) end
    return people.unit(item.unit)
  end
  local unit = people.unit(value)
  if not unit then refuse("unknown_unit", { unit = value }) end
  return unit
end

local function at_level(kind, item)
  local unit = unit_of("item", item)
  local found = unit.kind == kind and unit or unit:above(kind)
  if not found then refuse("no_level", { level = kind, unit = unit.name }) end
  return found
end

-- The nearest unit above in which somebody holds the position; the same rule as run:ask has.
local function find_above(position, unit, day)
  local above = unit:parent()
  for _ = 1, levels do
    if not above then return nil end
    if #people.holders(position, above, { at = day }) > 0 then return above end
    above = above:parent()
  end
end

local function nearest(position, unit, day)
  return find_above(position, unit, day) or refuse("nobody_above", { position = position, unit = unit.name })
end

---What a step says, with units and persons in place of words. A list stays a list.
---@param to any
---@param item { unit: any, title: string }
function target.resolve(to, item)
  if type(to) ~= "table" then return to end
  if #to > 0 then
    local list = {}
    for at, one in ipairs(to) do list[at] = target.resolve(one, item) end
    return list
  end
  local out = { position = to.position, role = to.role, body = to.body }
  if to.person then out.person = type(to.person) == "string" and people.person(to.person) or to.person end
  if to.unit then out.unit = unit_of(to.unit, item) end
  if to.level then out.unit = at_level(to.level, item) end
  if to.above then out.above = unit_of(to.above, item) end
  return out
end

---Who wrote a text is never asked about it: who created it, and all whom the core lets not approve it. Of a published
---text nobody is kept away.
---@param item table an item, or what would be one
---@return table<integer, boolean> persons
function target.authors(item)
  local authors = {}
  if item.created_by then authors[item.created_by] = true end
  if item.id and item.state ~= "published" then
    for _, person in ipairs(content.authors(item)) do authors[person] = true end
  end
  return authors
end

---Who may decide on a day what is asked of a target, each once, with the reason, without the authors.
---@param resolved any
---@param authors table<integer, boolean>
---@param day table?
---@param own boolean? only those who have a seat of their own, and not who stands in for them
---@return { person: table, sentence: string }[] list, boolean is_author whether an author is one of them
function target.members(resolved, authors, day, own)
  local list, seen, is_author = {}, {}, false
  for _, one in ipairs(#resolved > 0 and resolved or { resolved }) do
    local place = one.above and { position = one.position, unit = nearest(one.position, one.above, day) } or one
    for _, why in ipairs(people.deciders(place, { at = day })) do
      local id = why.person.id
      if authors[id] then is_author = true end
      if not seen[id] and not authors[id] and not (own and why.kind == "delegation") then
        list[#list + 1] = { person = why.person, sentence = why.sentence }
      end
      seen[id] = true
    end
  end
  return list, is_author
end

---Who wrote a text does not approve it. Where an author holds the position that is asked, the other holders are
---asked, and where there are none, the same position above; if nobody holds it there, the question shows itself
---as one that nobody can decide.
---@param to any a resolved target
---@param authors table<integer, boolean>
function target.without(to, authors)
  if type(to) ~= "table" or not to.position then return to end
  if to.above then to = { position = to.position, unit = nearest(to.position, to.above) } end
  if not to.unit then return to end
  local others, holds = {}, false
  for _, person in ipairs(people.holders(to.position, to.unit)) do
    if authors[person.id] then holds = true else others[#others + 1] = person end
  end
  if not holds then return to end
  if #others > 0 then return others end
  local above = find_above(to.position, to.unit)
  return above and { position = to.position, unit = above } or to
end

local function who(to)
  if to.person then
    local person = people.person(to.person)
    return person and person.name or tostring(to.person)
  end
  if to.body then
    local body = people.body(to.body)
    return body and body.name or tostring(to.body)
  end
  if to.role then return t("target.role", { role = to.role }) end
  local position = to.position and people.position(to.position)
  return position and position.title or tostring(to.position)
end

local function where(to)
  if to.level then return t("target.level", { level = to.level }) end
  local value = to.unit or to.above
  if value == nil then return nil end
  local key = to.above and "above" or "unit"
  if value == "item" then return t("target.own." .. key) end
  local unit = people.unit(value)
  return t("target." .. key, { unit = unit and unit.name or tostring(value) })
end

---In words, for the plan and the diagram.
---@param to any
---@return string
function target.text(to)
  if type(to) ~= "table" then return tostring(to) end
  if #to == 0 then
    local place = where(to)
    return place and who(to) .. ", " .. place or who(to)
  end
  local words = {}
  for at, one in ipairs(to) do words[at] = target.text(one) end
  return table.concat(words, t "target.or")
end

return target
