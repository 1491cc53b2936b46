-- khung check: what can be seen in the text of a plugin without running it.
--
-- Called with (api, plugin); gives a list of findings { file, line, column, code, severity, values }. Runs in a plain Lua
-- state of the tool, on text alone. The parser and the checks of ordinary Lua are those of luacheck.
local api, plugin = ...

local luacheck = require "luacheck"
local parser = require "luacheck.parser"
local decoder = require "luacheck.decoder"

local findings = {}
local functions, methods, used, keys_used = {}, {}, {}, {}

local function add(file, line, column, severity, code, values)
  findings[#findings + 1] =
    { file = file, line = line, column = column, severity = severity, code = code, values = values or {} }
end

for _, fn in ipairs(api) do
  functions[fn.name] = fn
  local method = fn.name:match(":(.+)$")
  if method then methods[method] = methods[method] or fn end
end

-- Edits that turn one name into the other.
local function distance(a, b)
  local row = {}
  for k = 0, #b do row[k] = k end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for k = 1, #b do
      local change = corner + (a:byte(i) == b:byte(k) and 0 or 1)
      corner = row[k]
      row[k] = math.min(change, row[k] + 1, row[k - 1] + 1)
    end
  end
  return row[#b]
end

local function nearest(name, names)
  local best, least = "", 3
  for _, other in ipairs(names) do
    local far = distance(name, other)
    if far < least or (far == least and best == "" and far * 2 <= #other) then best, least = other, far end
  end
  return best
end

local function names_of(list)
  local names = {}
  for i, p in ipairs(list) do names[i] = p.name end
  return names
end

-- --- ordinary Lua, with the names that a plugin has ---

local function standard()
  local globals = { config = { other_fields = true } }
  for name in ("assert error getmetatable ipairs next pairs pcall print rawequal rawget rawlen rawset select "
    .. "setmetatable tonumber tostring type xpcall _VERSION require"):gmatch("%S+") do
    globals[name] = {}
  end
  for name in ("string table math utf8 coroutine"):gmatch("%S+") do globals[name] = { other_fields = true } end
  globals.collectgarbage = {}
  for _, fn in ipairs(api) do
    local at = { fields = globals }
    if not fn.name:find(":", 1, true) then
      for part in fn.name:gmatch("[^.]+") do
        at.fields = at.fields or {}
        at.fields[part] = at.fields[part] or {}
        at = at.fields[part]
      end
    end
  end
  return { read_globals = globals }
end

local function check_lua(file, text)
  local options = { std = "none", read_globals = standard().read_globals, max_line_length = false, ignore = { "212/_.*" } }
  local report = luacheck.check_strings({ text }, options)[1]
  if report.fatal then
    add(file, 1, 1, "error", "check.lua", { message = tostring(report.msg or report.fatal) })
    return false
  end
  local syntax_ok = true
  for _, w in ipairs(report) do
    local is_api = w.code:match("^1[14]3$")
    if w.code:match("^0") then
      syntax_ok = false
      add(file, w.line, w.column, "error", "check.syntax", { message = luacheck.get_message(w) })
    elseif is_api then
      local wanted = w.field and (w.name .. "." .. w.field) or w.name
      local all = {}
      for name in pairs(functions) do all[#all + 1] = name end
      table.sort(all)
      local meant = nearest(wanted, all)
      add(file, w.line, w.column, "error", meant ~= "" and "check.unknown_meant" or "check.unknown",
        { name = wanted, meant = meant })
    else
      add(file, w.line, w.column, w.code:match("^1") and "error" or "warning", "check.lua",
        { message = luacheck.get_message(w) .. " [W" .. w.code .. "]" })
    end
  end
  return syntax_ok
end

-- --- calls of the API ---

-- "content.get" of an expression that is made of names; nil for others.
local function path_of(node)
  if node.tag == "Id" then return node[1] end
  if node.tag ~= "Index" or node[2].tag ~= "String" then return nil end
  local before = path_of(node[1])
  return before and (before .. "." .. node[2][1])
end

local literal = { String = "text", Number = "number", Table = "table", True = "boolean", False = "boolean", Function = "function" }
local wants = {
  text = "text", markdown = "text", duration = "text", integer = "number", number = "number", money = "number",
  boolean = "boolean", map = "table", list = "table", fn = "function", fns = "table",
}

local Walk = {}

function Walk:column(node)
  return node.offset - (self.offsets[node.line] or node.offset) + 1
end

function Walk:add(node, severity, code, values)
  add(self.file, node.line, self:column(node), severity, code, values)
end

function Walk:options(fn, param, node)
  local seen = {}
  for _, item in ipairs(node) do
    local key = item.tag == "Pair" and item[1].tag == "String" and item[1][1]
    if key then
      seen[key] = true
      local known
      for _, k in ipairs(param.keys) do known = known or (k.name == key and k) end
      if not known then
        self:add(item, "error", "check.option",
          { ["function"] = fn.name, option = key, known = table.concat(names_of(param.keys), ", ") })
      else
        self:value(fn, known, item[2])
      end
    elseif item.tag == "Pair" then
      return -- a computed key: anything may be there
    end
  end
  for _, k in ipairs(param.keys) do
    if k.required and not seen[k.name] then
      self:add(node, "error", "check.option_missing", { ["function"] = fn.name, option = k.name })
    end
  end
end

function Walk:value(fn, param, node)
  local got, want = literal[node.tag], wants[param.type]
  if got and want and got ~= want then
    self:add(node, "error", "check.type",
      { ["function"] = fn.name, argument = param.name, type = param.type, got = got })
  end
  if node.tag ~= "Table" or #param.keys == 0 then return end
  if param.type == "map" then
    self:options(fn, param, node)
  else
    for _, item in ipairs(node) do
      if item.tag == "Table" then self:options(fn, param, item) end
    end
  end
end

function Walk:call(fn, node, first_arg, first_param)
  local given, most = #node - first_arg + 1, #fn.arguments - first_param + 1
  local last = node[#node]
  local open = given > 0 and (last.tag == "Call" or last.tag == "Invoke" or last.tag == "Dots")
  used[fn.name] = used[fn.name] or { file = self.file, node = node, column = self:column(node) }
  if given > most then
    self:add(node, "error", "check.arguments", { ["function"] = fn.name, most = tostring(most), got = tostring(given) })
  end
  for i = 1, most do
    local param, arg = fn.arguments[first_param + i - 1], node[first_arg + i - 1]
    if arg then
      self:value(fn, param, arg)
    elseif param.required and not open then
      self:add(node, "error", "check.argument_missing", { ["function"] = fn.name, argument = param.name })
    end
  end
  local key = node[first_arg]
  if fn.name == "t" and key and key.tag == "String" then
    keys_used[key[1]] = { file = self.file, line = key.line, column = self:column(key) }
  end
end

local own_methods = {}

function Walk:require(node)
  local name = node[2] and node[2].tag == "String" and node[2][1]
  if not name then return end
  local owner = name:match("^[^.]+")
  if plugin.modules[name] then return end
  local code = (owner == plugin.name or plugin.requires[owner]) and "check.module" or "check.module_foreign"
  self:add(node, "error", code, { module = name, plugin = owner })
end

function Walk:node(node)
  if type(node) ~= "table" then return end
  if node.tag == "Call" then
    local path = path_of(node[1])
    local fn = path and not self.shadowed[path:match("^[^.]+")] and functions[path]
    if path == "require" then self:require(node) end
    if fn then self:call(fn, node, 2, 1) end
  elseif node.tag == "Invoke" and node[2].tag == "String" then
    local name = node[2][1]
    local is_run = node[1].tag == "Id" and node[1][1] == "run"
    local fn = is_run and functions["run:" .. name] or methods[name]
    if is_run and not functions["run:" .. name] and not own_methods[name] then
      local all = {}
      for full in pairs(functions) do
        local short = full:match("^run:(.+)$")
        if short then all[#all + 1] = short end
      end
      table.sort(all)
      local meant = nearest(name, all)
      self:add(node[2], "error", meant ~= "" and "check.unknown_meant" or "check.unknown",
        { name = "run:" .. name, meant = "run:" .. meant })
    elseif is_run then
      self:call(fn, node, 3, 2)
    elseif not fn and not own_methods[name] and not string[name] then
      self:add(node[2], "warning", "check.method", { name = name })
    end
  end
  for _, child in ipairs(node) do self:node(child) end
end

-- Methods that the plugin gives its own tables, and globals that a local hides.
local function collect(node, shadowed)
  if type(node) ~= "table" then return end
  if node.tag == "Index" and node[2].tag == "String" then own_methods[node[2][1]] = true end
  if node.tag == "Pair" and node[1].tag == "String" then own_methods[node[1][1]] = true end
  if node.tag == "Local" or node.tag == "Localrec" then
    for _, id in ipairs(node[1]) do shadowed[id[1]] = true end
  end
  if node.tag == "Function" then
    for _, id in ipairs(node[1]) do if id.tag == "Id" then shadowed[id[1]] = true end end
  end
  for _, child in ipairs(node) do collect(child, shadowed) end
end

local trees = {}
for _, f in ipairs(plugin.files) do
  if f.path:match("%.lua$") and not f.path:match("^locale/") and f.path ~= "plugin.lua"
    and check_lua(f.path, f.text) then
    local ast, _, _, _, _, offsets = parser.parse(decoder.decode(f.text))
    local tree = { file = f.path, ast = ast, offsets = offsets, shadowed = {} }
    collect(ast, tree.shadowed)
    trees[#trees + 1] = tree
  end
end
for _, tree in ipairs(trees) do
  setmetatable(tree, { __index = Walk }):node(tree.ast)
end

-- --- manifest and texts ---

local has = {}
for _, need in ipairs(plugin.needs) do has[need] = "unused" end

local missing = {}
for name, place in pairs(used) do
  local need = functions[name].needs
  if need and has[need] then has[need] = "used" end
  if need and not has[need] then missing[#missing + 1] = { name = name, need = need, place = place } end
end
table.sort(missing, function(a, b) return a.name < b.name end)
for _, m in ipairs(missing) do
  add(m.place.file, m.place.node.line, m.place.column, "error", "check.need", { ["function"] = m.name, need = m.need })
end
local noun_used = {}
for name in pairs(used) do noun_used[name:match("^[^.:]+")] = true end
for _, need in ipairs(plugin.needs) do
  local plain = need:match("^[a-z]+$") or need:match("^[a-z]+:[a-z]+$")
  local known
  for _, fn in ipairs(api) do known = known or fn.needs == need end
  if plain and known and has[need] == "unused" and not noun_used[need] then
    add("plugin.lua", 1, 1, "warning", "check.need_unused", { need = need })
  end
end

local texts = plugin.texts
local sorted = {}
for key in pairs(keys_used) do sorted[#sorted + 1] = key end
table.sort(sorted)
for _, key in ipairs(sorted) do
  for _, lang in ipairs { "vi", "en" } do
    local p = keys_used[key]
    if not (texts[lang] and texts[lang][key]) then
      add(p.file, p.line, p.column, "error", "check.text", { key = key, lang = lang })
    end
  end
end
for lang, other in pairs { vi = "en", en = "vi" } do
  local only = {}
  for key in pairs(texts[lang] or {}) do
    if not keys_used[key] and not (texts[other] or {})[key] then only[#only + 1] = key end
  end
  table.sort(only)
  for _, key in ipairs(only) do
    add("locale/" .. lang .. ".lua", 1, 1, "warning", "check.text_one", { key = key, lang = other })
  end
end

table.sort(findings, function(a, b)
  if a.file ~= b.file then return a.file < b.file end
  if a.line ~= b.line then return a.line < b.line end
  if a.column ~= b.column then return a.column < b.column end
  return a.code < b.code
end)
return findings
