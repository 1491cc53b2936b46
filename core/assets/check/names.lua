-- Names that stand in two places: flows, events, settings, inputs, columns, texts.
local found = require "check.found"
local types = require "check.types"
local names = {}

local function text_of(node) return node and node.tag == "String" and node[1] or nil end

-- The option `key` of a call's table, as a node.
local function option(call, at, key)
  local node = call[at]
  local item = node and node.tag == "Table" and types.pairs_of(node)[key]
  return item and item[2]
end

-- The fields that a table of declarations names; nil when they are not written down.
local function fields_of(node)
  if not node or node.tag ~= "Table" then return nil end
  local map, whole = types.pairs_of(node)
  return whole and map or nil
end

-- First what is declared, over all files.
function names.collect(walk, node)
  if type(node) ~= "table" then return end
  local ctx = walk.ctx
  if node.tag == "Call" then
    local path, name = walk.path_of(node[1]), text_of(node[2])
    if path == "flow.define" then
      if name then ctx.flows[name] = true else ctx.flows_open = true end
    elseif path == "events.emit" then
      if name then ctx.emitted[name] = true else ctx.emitted_open = true end
    elseif path == "storage.table" or path == "content.type" then
      if name then ctx.refs[name] = true else ctx.refs_open = true end
    end
  end
  for _, child in ipairs(node) do names.collect(walk, child) end
end

local function flow(walk, node)
  local name, ctx = text_of(node), walk.ctx
  if not name then return end
  local owner, own = name:match("^(.-)%.(.+)$")
  if owner and owner ~= ctx.plugin.name then
    if not ctx.plugin.requires[owner] then walk:add(node, "error", "check.flow_foreign", { name = name, plugin = owner }) end
  elseif not ctx.flows_open and not ctx.flows[own or name] then
    walk:named(node, "error", "check.flow", { name = own or name }, found.sorted_keys(ctx.flows))
  end
end

-- A name without a dot is a signal; the host's events begin with a part of the host, a plugin's with its name.
local function event(walk, node, is_handler)
  local name, ctx = text_of(node), walk.ctx
  if not name or ctx.events[name] then return end
  local owner = name:match("^(.-)%.")
  if not owner and not is_handler then return end
  if not owner or ctx.event_nouns[owner] then
    walk:named(node, "error", "check.event", { name = name }, found.sorted_keys(ctx.events))
  elseif owner == ctx.plugin.name and not ctx.emitted_open and not ctx.emitted[name] then
    walk:named(node, "warning", "check.event_own", { name = name }, found.sorted_keys(ctx.emitted))
  end
end

local flows_at = { ["flow.start"] = 2, ["run:call"] = 3, ["run:compensate"] = 3 }

local function placeholders(text)
  local set = {}
  for name in text:gmatch("{([%w_]+)}") do set[name] = true end
  return set
end

local function text(walk, node)
  local key, values = text_of(node[2]), node[3]
  local ctx = walk.ctx
  if not key then return end
  ctx.texts_used[key] = ctx.texts_used[key] or walk:at(node[2])
  local given, whole = {}, false
  if values and values.tag == "Table" then given, whole = types.pairs_of(values) end
  for _, lang in ipairs { "en", "vi" } do
    local words = (ctx.plugin.texts[lang] or {})[key]
    for _, name in ipairs(words and whole and found.sorted_keys(placeholders(words)) or {}) do
      if not given[name] then
        walk:named(node, "warning", "check.text_value", { name = name, key = key, lang = lang }, found.sorted_keys(given))
      end
    end
  end
end

-- function(input): the run was forgotten.
local function flow_function(walk, node)
  local fn = node[4]
  local first = fn and fn.tag == "Function" and fn[1][1]
  if first and first.tag == "Id" and (first[1] == "input" or fields_of(option(node, 3, "input") or {})
    and fields_of(option(node, 3, "input"))[first[1]]) then
    walk:add(first, "error", "check.run_first", { name = first[1] })
  end
end

local function report_row(walk, node)
  local fn = walk.fn
  while fn and not (fn.role and fn.role.fn and fn.role.fn.name == "report.define") do fn = fn.up end
  local columns = fn and option(fn.role.call, 3, "columns")
  if not columns or columns.tag ~= "Table" or not node[3] or node[3].tag ~= "Table" then return end
  local known = {}
  for _, column in ipairs(columns) do
    local name = column.tag == "Table" and text_of(column[1])
    if not name then return end
    known[name] = true
  end
  for name, item in pairs(types.pairs_of(node[3])) do
    if not known[name] then walk:named(item, "error", "check.column", { name = name }, found.sorted_keys(known)) end
  end
end

function names.call(walk, fn, node, first_arg)
  if flows_at[fn.name] then flow(walk, node[flows_at[fn.name]]) end
  if fn.name == "schedule.cron" or fn.name == "schedule.at" then
    local named = option(node, 4, "flow")
    if named then flow(walk, named) end
  elseif fn.name == "on" then
    event(walk, node[2], true)
  elseif fn.name == "run:wait" then
    event(walk, node[first_arg], false)
  elseif fn.name == "t" then
    text(walk, node)
  elseif fn.name == "flow.define" then
    flow_function(walk, node)
  end
end

local built_in = { id = true, version = true }

-- A row, or a condition, for a table whose fields this file declares.
function names.row(walk, fn, node, declared)
  local fields = fields_of(option(declared, 3, "fields"))
  local at = ({ ["table:insert"] = 3, ["table:update"] = 4, ["table:find"] = 3, ["table:count"] = 3, ["table:sum"] = 4 })[fn.name]
  local row = at and node[at]
  if not fields or not row or row.tag ~= "Table" then return end
  local given, whole = types.pairs_of(row)
  for _, name in ipairs(found.sorted_keys(given)) do
    local other = name == "or" or name == "and" or (fn.name ~= "table:insert" and fn.name ~= "table:update" and built_in[name])
    if not fields[name] and not other then
      walk:named(given[name], "error", "check.field", { name = name, table = declared[2][1] or "" }, found.sorted_keys(fields))
      whole = false
    end
  end
  for _, name in ipairs(fn.name == "table:insert" and whole and found.sorted_keys(fields) or {}) do
    local decl = fields[name][2]
    if decl.tag == "String" and decl[1]:match("!$") and not given[name] then
      walk:add(row, "error", "check.field_missing", { name = name, table = declared[2][1] or "" })
    end
  end
end

local function setting(walk, node)
  local config = walk.ctx.plugin.config
  if config and not config[node[2][1]] then
    walk:named(node[2], "error", "check.config", { name = node[2][1] }, found.sorted_keys(config))
  end
end

local function input(walk, node, call)
  local fields = fields_of(option(call, 3, "input"))
  if fields and not fields[node[2][1]] then
    walk:named(node[2], "error", "check.input", { name = node[2][1] }, found.sorted_keys(fields))
  end
end

function names.index(walk, node)
  local base = node[1]
  if node[2].tag ~= "String" then return end
  if base.tag == "Id" and not base.var and base[1] == "config" then setting(walk, node) end
  if base.tag == "Id" and base.var and base.var.input_of then input(walk, node, base.var.input_of) end
end

-- out:row { … }: `out` is what the report's function gets.
function names.invoke(walk, node)
  if node[2][1] == "row" and node[1].tag == "Id" and node[1].var and node[1].var.param == 2 then report_row(walk, node) end
end

return names
