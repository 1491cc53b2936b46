-- When a step is asked: a small language of data, no code.
--
--   { field = "amount", op = ">=", value = 1000000 }
--   { all = { … } }   { any = { … } }   { ["not"] = … }
--
-- A field is one of the item's; beside these "unit" (its code), "unit.kind" and "created_by" (a person's code).
-- Of a field that is empty nothing is true but "empty" and "!=".

local condition = {}

local deepest = 8

local function is_number(value) return type(value) == "number" end
local function is_text(value) return type(value) == "string" end
local function is_list(value) return type(value) == "table" and #value > 0 end
local function is_plain(value) return is_number(value) or is_text(value) or type(value) == "boolean" end
local function is_plain_list(value)
  if not is_list(value) then return false end
  for _, one in ipairs(value) do
    if not is_plain(one) then return false end
  end
  return true
end
local function is_ordered(value) return is_number(value) or is_text(value) end
local function is_nothing(value) return value == nil end

local function contains(a, b)
  if is_text(a) then return is_text(b) and text.fold(a):find(text.fold(b), 1, true) ~= nil end
  if type(a) ~= "table" then return false end
  for _, one in ipairs(a) do
    if one == b then return true end
  end
  return false
end

local function is_one_of(a, list)
  for _, one in ipairs(list) do
    if a == one then return true end
  end
  return false
end

local function compared(test)
  return function(a, b) return type(a) == type(b) and is_ordered(a) and test(a, b) end
end

-- What an operator wants as its value, and what it says.
local operators = {
  ["="] = { is_plain, function(a, b) return a == b end },
  ["!="] = { is_plain, function(a, b) return a ~= b end },
  ["<"] = { is_ordered, compared(function(a, b) return a < b end) },
  ["<="] = { is_ordered, compared(function(a, b) return a <= b end) },
  [">"] = { is_ordered, compared(function(a, b) return a > b end) },
  [">="] = { is_ordered, compared(function(a, b) return a >= b end) },
  ["in"] = { is_plain_list, is_one_of },
  ["contains"] = { is_plain, contains },
  ["under"] = { is_text, nil },
  ["empty"] = { is_nothing, function(a) return a == nil or a == "" end },
  ["filled"] = { is_nothing, function(a) return a ~= nil and a ~= "" end },
}

-- Dates and instants as text that sorts by time; a unit and a person as their codes.
local function day_or_time(value)
  return (type(value) == "userdata" or type(value) == "table") and value.iso or nil
end

local function value_of(item, field)
  if field == "unit" or field == "unit.kind" then
    local unit = item.unit and people.unit(item.unit)
    return unit and (field == "unit" and unit.code or unit.kind)
  end
  local value = item[field]
  if field == "created_by" then
    local person = value and people.person(value)
    return person and person.code
  end
  return day_or_time(value) or value
end

-- What stands in the chain for a date is text: read as the field's value is.
local function meant(kind, value)
  if not is_text(value) or (kind ~= "date" and kind ~= "instant") then return value end
  local parsed = date.parse(value)
  return parsed and parsed.iso or value
end

local function is_under(item, code)
  local unit = item.unit and people.unit(item.unit)
  for _ = 1, 32 do
    if not unit then return false end
    if unit.code == code then return true end
    unit = unit:parent()
  end
  return false
end

local function kind_of(fields, name)
  for _, field in ipairs(fields) do
    if field.name == name then return field.type end
  end
end

local function holds_one(c, item, fields)
  local op = c.op or "="
  if op == "under" then return is_under(item, c.value) end
  local value = value_of(item, c.field)
  if value == nil and op ~= "!=" and op ~= "empty" then return false end
  local test = operators[op][2]
  return test(value, meant(kind_of(fields, c.field), c.value))
end

---Is it so for this item?
---@param c table a condition that was checked
---@param item table
---@param fields table[]? as content.fields gives them: which are dates
---@return boolean
function condition.holds(c, item, fields)
  fields = fields or content.fields(item.type)
  if c["not"] then return not condition.holds(c["not"], item, fields) end
  local list, wanted = c.all or c.any, c.any ~= nil
  if not list then return holds_one(c, item, fields) end
  for _, one in ipairs(list) do
    if condition.holds(one, item, fields) == wanted then return wanted end
  end
  return not wanted
end

local opposite = { ["="] = "!=", ["!="] = "=", empty = "filled", filled = "empty" }

local function is_same(a, b)
  return json.encode(a) == json.encode(b)
end

---Does one of them hold whenever the other does not? Told by how they are written: "not", = and !=, empty and filled.
---@param a table
---@param b table
---@return boolean
function condition.is_opposite(a, b)
  if a["not"] then return is_same(a["not"], b) end
  if b["not"] then return is_same(b["not"], a) end
  local op = a.field and opposite[a.op or "="]
  return op ~= nil and a.field == b.field and (b.op or "=") == op and is_same({ a.value }, { b.value })
end

local extra = { ["unit"] = true, ["unit.kind"] = true, ["created_by"] = true }

local function check_compare(c, fields, refuse)
  local op = c.op or "="
  if not is_text(c.field) then return refuse("when.form") end
  for key in pairs(c) do
    if key ~= "field" and key ~= "op" and key ~= "value" then return refuse("when.option", { option = key }) end
  end
  if not operators[op] then return refuse("when.op", { op = op }) end
  local kind = extra[c.field] and "text" or not fields and "any" or kind_of(fields, c.field)
  if not kind then return refuse("when.field", { field = c.field }) end
  if not operators[op][1](c.value) then return refuse("when.value", { field = c.field, op = op }) end
  if op == "under" and (c.field ~= "unit" or not people.unit(c.value)) then
    return refuse("when.unit", { unit = c.value })
  end
  if is_text(c.value) and (kind == "date" or kind == "instant") and not date.parse(c.value) then
    return refuse("when.date", { field = c.field, value = c.value })
  end
  local number = kind == "integer" or kind == "number" or kind == "money"
  if number and c.value ~= nil and op ~= "in" and not is_number(c.value) then
    return refuse("when.number", { field = c.field })
  end
end

---Calls `refuse(key, values)` for each fault. Without `fields` their names are not looked at.
---@param c any
---@param fields table[]?
---@param refuse fun(key: string, values: table?)
---@param depth integer?
function condition.check(c, fields, refuse, depth)
  depth = depth or 1
  if type(c) ~= "table" then return refuse("when.form") end
  if depth > deepest then return refuse("when.deep", { most = deepest }) end
  local count = 0
  for key in pairs(c) do
    count = count + 1
    if key == "not" or key == "all" or key == "any" then count = count + 100 end
  end
  if count < 100 then return check_compare(c, fields, refuse) end
  if count ~= 101 then return refuse("when.one") end
  if c["not"] ~= nil then return condition.check(c["not"], fields, refuse, depth + 1) end
  local list = c.all or c.any
  if not is_list(list) then return refuse("when.list") end
  for _, one in ipairs(list) do condition.check(one, fields, refuse, depth + 1) end
end

local function show_value(value)
  if type(value) ~= "table" then return tostring(value) end
  local words = {}
  for at, one in ipairs(value) do words[at] = tostring(one) end
  return table.concat(words, ", ")
end

---In words, for the plan and the diagram.
---@param c table
---@return string
function condition.text(c)
  if c["not"] then return t("condition.not", { what = condition.text(c["not"]) }) end
  local list = c.all or c.any
  if not list then
    local op = c.op or "="
    local key = ({ ["in"] = "in", contains = "contains", under = "under", empty = "empty", filled = "filled" })[op]
    local values = { field = c.field, op = op, value = show_value(c.value) }
    return key and t("condition." .. key, values) or t("condition.compare", values)
  end
  local words = {}
  for at, one in ipairs(list) do
    local inner = one.all or one.any
    words[at] = inner and "(" .. condition.text(one) .. ")" or condition.text(one)
  end
  return table.concat(words, c.all and t "condition.and" or t "condition.or")
end

return condition
