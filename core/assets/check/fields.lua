-- Fields as they are declared: is there such a type, and can what is said about it be kept?
local found = require "check.found"

local fields = {}

local options = { "type", "title", "help", "doc", "default", "min", "max", "types", "titles", "personal" }
local known = {}
for _, name in ipairs(options) do known[name] = true end

local function text_of(node) return node and node.tag == "String" and node[1] or nil end

-- The value of what is written down, and whether it is plain enough to be known.
local function literal(node)
  if node.tag == "String" then return node[1], true end
  if node.tag == "Number" then return tonumber(node[1]), true end
  if node.tag == "True" or node.tag == "False" then return node.tag == "True", true end
  if node.tag == "Op" and node[1] == "unm" and node[2].tag == "Number" then return -tonumber(node[2][1]), true end
  return nil, false
end

local function choices_of(decl)
  local list = decl:match("^choice:(.-)!?$")
  local all, set = {}, {}
  for name in (list or ""):gmatch("[^,]+") do
    if set[name] then set.twice = name end
    all[#all + 1], set[name] = name, true
  end
  return list and all, set
end

-- A list whose items after a nil are lost, or not what they seem.
function fields.check_holes(walk, node)
  local hole
  for _, item in ipairs(node) do
    if item.tag == "Nil" then hole = hole or item end
    if hole and item.tag ~= "Nil" and item.tag ~= "Pair" then
      walk:add(hole, "error", "check.list_hole", {})
      return
    end
  end
end

-- What is stored is refused at loading when there is no such type; elsewhere it may come later.
local function check_type(walk, node, decl, name, is_stored)
  local ctx = walk.ctx
  if not ctx.is_field(decl) then
    local is_empty = decl:match("^choice:?!?$") or decl:match("^choice:.*,,") or decl:match("^choice:,") or decl:match("^choice:.*,!?$")
    return walk:add(node, "error", is_empty and "check.choice_empty" or "field.type", { type = decl, field = name })
  end
  local _, set = choices_of(decl)
  if set.twice then walk:add(node, "warning", "check.choice_twice", { name = set.twice, field = name }) end
  local ref = decl:match("^ref:(.-)!?$") or decl:match("^list:ref:(.-)!?$")
  local own = ref and ref:match("%.(.+)$") or ref -- a table of another plugin: PLUGIN.TABLE
  if ref and not ctx.refs[own] and not ctx.refs_open then
    walk:named(node, is_stored and "error" or "warning", "check.ref", { name = ref, field = name }, found.sorted_keys(ctx.refs))
  end
  return true
end

local function check_default(walk, node, decl, name, given)
  local value, is_known = literal(node)
  if not is_known then return end
  local why = walk.ctx.why_not(decl, value)
  if why == "invalid.choice" then
    walk:named(node, "error", "check.default_choice", { name = tostring(value), field = name,
      choices = table.concat(choices_of(decl) or {}, ", ") }, choices_of(decl) or {})
  elseif why then
    walk:add(node, "error", "check.default", { value = tostring(value), field = name, type = decl })
  elseif type(value) == "number" and (given.min and value < given.min or given.max and value > given.max) then
    walk:add(node, "error", "check.default_range", { value = tostring(value), field = name })
  end
end

local limited = { integer = true, number = true, money = true }

local function check_limits(walk, map, decl, name)
  local given = {}
  if not limited[decl:match("^[a-z]+")] then return given end
  for _, key in ipairs { "min", "max" } do
    local value, is_known
    if map[key] then value, is_known = literal(map[key][2]) end
    if is_known and type(value) ~= "number" then
      walk:add(map[key][2], "error", "check.limit", { option = key, field = name })
    end
    given[key] = type(value) == "number" and value or nil
  end
  if given.min and given.max and given.min > given.max then
    walk:add(map.max[2], "error", "check.limits", { field = name, min = tostring(given.min), max = tostring(given.max) })
  end
  return given
end

-- A star at the end stands for whatever follows.
local function is_media(text, known_media)
  if known_media[text] then return true end
  local head = text:match("^(.+)%*$")
  for media in pairs(head and known_media or {}) do
    if media:sub(1, #head) == head then return true end
  end
  return false
end

-- Of a file: what its bytes may be, one or a list. "image/*" is all of a kind.
local function check_media(walk, node, decl, name)
  if not (decl:match("^file!?$") or decl:match("^list:file!?$")) then
    return walk:add(node, "warning", "check.types_no_file", { field = name, type = decl })
  end
  local list = node.tag == "Table" and node or { node }
  if node.tag == "Table" then fields.check_holes(walk, node) end
  for _, item in ipairs(list) do
    local media, is_known = literal(item)
    if is_known and type(media) ~= "string" then
      walk:add(item, "error", "check.media_text", { field = name })
    elseif is_known and not is_media(media, walk.ctx.media) then
      walk:named(item, "warning", "check.media", { name = media, field = name }, found.sorted_keys(walk.ctx.media))
    end
  end
end

local function check_titles(walk, node, decl, name)
  local choices, set = choices_of(decl)
  if node.tag ~= "Table" or not choices then return end
  for _, item in ipairs(node) do
    local key = item.tag == "Pair" and text_of(item[1])
    if key and not set[key] then walk:named(item, "warning", "check.titles", { name = key, field = name }, choices) end
  end
end

local function check_options(walk, node, decl, name)
  local map = {}
  for _, item in ipairs(node) do
    local key = item.tag == "Pair" and text_of(item[1])
    if key then map[key] = item end
    if key and not known[key] then
      walk:named(item, "warning", "check.field_option", { name = key, field = name, options = table.concat(options, " ") }, options)
    end
  end
  local given = check_limits(walk, map, decl, name)
  if map.default then check_default(walk, map.default[2], decl, name, given) end
  if map.types then check_media(walk, map.types[2], decl, name) end
  if map.titles then check_titles(walk, map.titles[2], decl, name) end
end

---One field: its type, or a table that begins with it.
function fields.check(walk, node, name, is_stored)
  local decl = node
  if node.tag == "Table" then
    decl = node[1]
    for _, item in ipairs(node) do
      if item.tag == "Pair" and text_of(item[1]) == "type" then decl = item[2] end
    end
    if not decl or decl.tag == "Pair" then
      return walk:add(node, "error", "check.field_typeless", { field = name })
    end
  end
  local _, is_known = literal(decl)
  if is_known and decl.tag ~= "String" then
    return walk:add(decl, "error", "field.type", { type = tostring(literal(decl)), field = name })
  end
  local text = text_of(decl)
  if text and check_type(walk, decl, text, name, is_stored) and node.tag == "Table" then check_options(walk, node, text, name) end
end

---{ name = "text!", … }
function fields.list(walk, node, is_stored)
  for _, item in ipairs(node) do
    local name = item.tag == "Pair" and text_of(item[1])
    if name then
      fields.check(walk, item[2], name, is_stored)
    elseif item.tag ~= "Pair" and item.tag ~= "Call" and item.tag ~= "Invoke" and item.tag ~= "Dots" and item.tag ~= "Id"
      and item.tag ~= "Index" then
      walk:add(item, "error", "check.field_nameless", {})
    end
  end
end

---Of a content type or a table.
function fields.stored(walk, node) fields.list(walk, node, true) end

---{ { "commune", "text", title = … }, … }
function fields.columns(walk, node)
  fields.check_holes(walk, node)
  for _, item in ipairs(node) do
    local name, decl = item.tag == "Table" and text_of(item[1]), item.tag == "Table" and item[2]
    if name and text_of(decl) then check_type(walk, decl, decl[1], name) end
  end
end

---{ reading = { … }, … }: forms by their names.
function fields.forms(walk, node)
  for _, item in ipairs(node) do
    if item.tag == "Pair" and item[2].tag == "Table" then fields.list(walk, item[2]) end
  end
end

return fields
