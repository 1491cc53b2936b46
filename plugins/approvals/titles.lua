-- The fields of a text as people know them: by their titles, where a chain says them in words.

local titles = {}

---By name, of the fields that a type has and of those that every condition may ask about.
---@param type string
---@return table<string, string>
function titles.of(type)
  local map = { unit = t "field.unit", ["unit.kind"] = t "field.unit_kind", created_by = t "field.created_by" }
  local is_known, fields = pcall(content.fields, type)
  for _, field in ipairs(is_known and fields or {}) do map[field.name] = field.title or map[field.name] end
  return map
end

local function list_of(names, map)
  local list = {}
  for at, name in ipairs(names) do list[at] = map[name] or name end
  return list
end

-- A condition with titles in place of names, and the names of units in place of their codes: to be read, not asked.
local function condition_of(c, map)
  if c["not"] then return { ["not"] = condition_of(c["not"], map) } end
  local key = c.all and "all" or c.any and "any"
  if key then
    local list = {}
    for at, one in ipairs(c[key]) do list[at] = condition_of(one, map) end
    return { [key] = list }
  end
  local unit = c.field == "unit" and type(c.value) == "string" and people.unit(c.value)
  return { field = map[c.field] or c.field, op = c.op, value = unit and unit.name or c.value }
end

---A step as it is shown: with titles in its condition and its part, and in those side by side.
---@param step table
---@param map table<string, string> of titles.of
---@return table
function titles.step(step, map)
  local out = {}
  for key, value in pairs(step) do out[key] = value end
  out.when = step.when and condition_of(step.when, map)
  out.part = step.part and list_of(step.part, map)
  if step.parallel then
    out.parallel = {}
    for at, one in ipairs(step.parallel) do out.parallel[at] = titles.step(one, map) end
  end
  return out
end

---@param list table[] steps
---@param map table<string, string> of titles.of
---@return table[]
function titles.steps(list, map)
  local out = {}
  for at, step in ipairs(list) do out[at] = titles.step(step, map) end
  return out
end

return titles
