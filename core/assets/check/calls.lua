-- Calls of the API: is there such a function, and does it take what it is given?
local found = require "check.found"
local types = require "check.types"
local places = require "check.places"
local names = require "check.names"
local patterns = require "check.patterns"

local Walk = {}

function Walk:at(node)
  return { file = self.file, line = node.line, column = node.offset - (self.offsets[node.line] or node.offset) + 1 }
end

function Walk:add(node, severity, code, values) found.add(self:at(node), severity, code, values) end

function Walk:named(node, severity, code, values, all) found.add_named(self:at(node), severity, code, values, all) end

-- "content.get" of an expression that is made of names of which the first is a global; nil for others.
function Walk.path_of(node)
  if node.tag == "Id" then return not node.var and node[1] or nil end
  if node.tag ~= "Index" or node[2].tag ~= "String" then return nil end
  local before = Walk.path_of(node[1])
  return before and (before .. "." .. node[2][1])
end

-- The object's class, where it can be seen: the run of a flow, a table that this file declares.
function Walk:class_of(node)
  local var = node.tag == "Id" and node.var
  if not var then return nil end
  if var.run or (var.param and var.name == "run") then return "run" end
  local init = var.init
  if init and init.tag == "Call" and self.path_of(init[1]) == "storage.table" then return "table", init end
end

function Walk:options(fn, param, node)
  local given, whole = types.pairs_of(node)
  local keys, known = {}, found.names_of(param.keys)
  for _, k in ipairs(param.keys) do keys[k.name] = k end
  local missing = {}
  for _, k in ipairs(param.keys) do
    if k.required and whole and not given[k.name] then missing[k.name] = true end
  end
  for _, key in ipairs(found.sorted_keys(given)) do
    if keys[key] then
      types.check(self, fn, keys[key], given[key][2])
    else
      local meant = found.nearest(key, known)
      if meant then missing[meant] = nil end
      self:add(given[key], "error", meant and "check.option_meant" or "check.option",
        { ["function"] = fn.name, option = key, meant = meant, known = table.concat(known, ", ") })
    end
  end
  for _, key in ipairs(found.sorted_keys(missing)) do
    self:add(node, "error", "check.option_missing", { ["function"] = fn.name, option = key })
  end
end

function Walk:argument(fn, param, node)
  types.check(self, fn, param, node)
  if node.tag ~= "Table" or #param.keys == 0 then return end
  if param.type == "map" then
    self:options(fn, param, node)
  else
    for _, item in ipairs(node) do
      if item.tag == "Table" then self:options(fn, param, item) end
    end
  end
end

-- f(path, fn) for f(path, options, fn): options that nobody needs may be left out before a function.
function Walk.skips(fn, node, first_arg)
  local n = #fn.arguments
  local last, options, given = fn.arguments[n], fn.arguments[n - 1], node[#node]
  if n < 2 or last.type ~= "fn" or options.type ~= "map" or options.required then return false end
  if #node - first_arg + 1 ~= n - 1 then return false end
  return given.tag == "Function" or (given.tag == "Id" and given.var and given.var.init and given.var.init.tag == "Function")
end

-- `first_arg` of the node is the `first_param` of the function: methods have their object before.
function Walk:call(fn, node, first_arg, first_param)
  local given, most = #node - first_arg + 1, #fn.arguments - first_param + 1
  local last = node[#node]
  local open = given > 0 and (last.tag == "Call" or last.tag == "Invoke" or last.tag == "Dots")
  self.ctx.used[fn.name] = self.ctx.used[fn.name] or self:at(node)
  if given > most then
    self:add(node, "error", "check.arguments", { ["function"] = fn.name, most = tostring(most), got = tostring(given) })
  end
  local skipped = self.skips(fn, node, first_arg) and most - 1
  for i = 1, most do
    local at = skipped and i > skipped and i - 1 or i
    local param, arg = fn.arguments[first_param + i - 1], i ~= skipped and node[first_arg + at - 1]
    if arg then
      self:argument(fn, param, arg)
    elseif param.required and not open then
      self:add(node, "error", "check.argument_missing", { ["function"] = fn.name, argument = param.name })
    end
  end
  places.call(self, fn, node)
  names.call(self, fn, node, first_arg)
end

function Walk:require(node)
  local name = node[2] and node[2].tag == "String" and node[2][1]
  local plugin = self.ctx.plugin
  if not name or plugin.modules[name] then return end
  local owner, own = name:match("^[^.]+"), plugin.name .. "." .. name
  if plugin.modules[own] then
    self:add(node, "error", "check.module_own", { module = name, meant = own })
  elseif owner == plugin.name or plugin.requires[owner] then
    local meant = found.nearest(name, found.sorted_keys(plugin.modules))
    self:add(node, "error", meant and "check.module_meant" or "check.module", { module = name, plugin = owner, meant = meant })
  elseif self.ctx.plugins[owner] then
    self:add(node, "error", "check.module_foreign", { module = name, plugin = owner })
  else
    self:add(node, "error", "check.module_none", { module = name, plugin = plugin.name })
  end
end

local visit = {}

function visit.Call(self, node)
  local path = self.path_of(node[1])
  local fn = path and self.ctx.functions[path]
  if path == "require" then self:require(node) end
  if fn then self:call(fn, node, 2, 1) end
  places.change(self, node, path)
  patterns.call(self, node, path)
  -- run.sleep("1d"): the object is missing.
  local base = node[1].tag == "Index" and node[1][2].tag == "String" and node[1]
  if base and self:class_of(base[1]) == "run" and self.ctx.functions["run:" .. base[2][1]] then
    self:add(base, "error", "check.colon", { object = base[1][1], method = base[2][1] })
  end
end

function visit.Invoke(self, node)
  local name = node[2].tag == "String" and node[2][1]
  if not name then return end
  names.invoke(self, node)
  local class, declared = self:class_of(node[1])
  patterns.invoke(self, node, class)
  local fn = class and self.ctx.functions[class .. ":" .. name]
  local path = self.path_of(node[1])
  if fn then
    self:call(fn, node, 3, 2)
    if declared then names.row(self, fn, node, declared) end
  elseif path and self.ctx.functions[path .. "." .. name] then
    self:add(node[2], "error", "check.dot", { object = path, method = name })
  elseif class and not self.ctx.own_methods[name] then
    local all = {}
    for full in pairs(self.ctx.functions) do all[#all + 1] = full:match("^" .. class .. ":(.+)$") end
    table.sort(all)
    local meant = found.nearest(name, all)
    self:add(node[2], "error", meant and "check.unknown_meant" or "check.unknown",
      { name = node[1][1] .. ":" .. name, meant = meant and (node[1][1] .. ":" .. meant) })
  elseif not fn and not self.ctx.methods[name] and not self.ctx.own_methods[name] and not string[name] then
    self:named(node[2], "warning", "check.method", { name = name }, self.ctx.method_names)
  end
end

function visit.Set(self, node) places.set(self, node) end

function visit.Index(self, node) names.index(self, node) end

function Walk:node(node)
  if type(node) ~= "table" then return end
  if visit[node.tag] then visit[node.tag](self, node) end
  local outer = self.fn
  if node.tag == "Function" then self.fn = node end
  for _, child in ipairs(node) do self:node(child) end
  self.fn = outer
end

return Walk
