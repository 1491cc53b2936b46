-- Values that are written down: are they of the type that the description asks for?
local fields = require "check.fields"
local found = require "check.found"

local literal = { String = "text", Number = "number", Table = "table", True = "boolean", False = "boolean", Function = "function" }
local wants = {
  text = "text", markdown = "text", duration = "text", integer = "number", number = "number", money = "number",
  boolean = "boolean", map = "table", list = "table", fn = "function", fns = "table",
}
local types = {}

-- The pairs of a table with the keys that are written down: key → value node, and whether that is all of them.
function types.pairs_of(node)
  local map, whole = {}, true
  for _, item in ipairs(node) do
    if item.tag == "Pair" and item[1].tag == "String" then
      map[item[1][1]] = item
    elseif item.tag == "Pair" or item.tag == "Call" or item.tag == "Invoke" or item.tag == "Dots" then
      whole = false
    end
  end
  return map, whole
end

local targets = { person = true, position = true, role = true, unit = true, above = true }

-- Whom a question goes to.
local function target(walk, node)
  if node.tag == "String" or node.tag == "True" or node.tag == "False" then
    walk:add(node, "error", "check.target", {})
  elseif node.tag == "Table" then
    for key, item in pairs(types.pairs_of(node)) do
      if not targets[key] then
        walk:named(item, "error", "check.target_key", { name = key }, found.sorted_keys(targets))
      end
    end
    for _, kind in ipairs { "position", "role" } do
      local item = types.pairs_of(node)[kind]
      local name, names = item and item[2].tag == "String" and item[2][1], walk.ctx.organisation[kind]
      if name and next(names) and not names[name] then
        walk:named(item[2], "warning", "check." .. kind, { name = name }, found.sorted_keys(names))
      end
    end
    fields.check_holes(walk, node)
    for _, item in ipairs(node) do
      if item.tag ~= "Pair" and item.tag ~= "Nil" then target(walk, item) end
    end
  end
end

local meaning = {
  ["content.type fields"] = fields.stored, ["storage.table fields"] = fields.stored,
  ["flow.define input"] = fields.list,
  ["flow.define forms"] = fields.forms, ["report.define params"] = fields.list,
  ["report.define columns"] = fields.columns, ["run:ask form"] = fields.list, ["run:ask_all form"] = fields.list,
  ["command.define args"] = fields.list, ["run:ask to"] = target, ["run:ask escalate"] = target,
  ["run:ask_all to"] = target, ["run:ask_all escalate"] = target,
}

for _, method in ipairs { "get", "post", "put", "patch", "delete" } do
  for _, list in ipairs { "params", "query", "input" } do meaning["route." .. method .. " " .. list] = fields.list end
end

-- One argument or option `param` of the function `fn`.
function types.check(walk, fn, param, node)
  local got, want = literal[node.tag], wants[param.type]
  if got and want and got ~= want then
    walk:add(node, "error", "check.type", { ["function"] = fn.name, argument = param.name, type = param.type, got = got })
    return
  end
  local duration = param.type == "duration" or (fn.name == "run:sleep" and param.name == "duration")
  if duration and node.tag == "String" and not walk.ctx.is_duration(node[1]) then
    walk:add(node, "error", "check.duration", { text = node[1] })
  elseif param.name == "cron" and node.tag == "String" and not walk.ctx.is_cron(node[1]) then
    walk:add(node, "error", "check.cron", { text = node[1] })
  end
  local look = meaning[fn.name .. " " .. param.name]
  if look and (node.tag == "Table" or look == target) then look(walk, node) end
end

return types
