-- Where things happen: what cannot wait, what may not write, what may not be changed.
--
-- A function knows why it is called when it stands where it is handed over: to the API (role.fn) or to a function of
-- Lua that cannot wait (role.by).
local types = require "check.types"

local places = {}

local callers = { ["table.sort"] = 3, ["string.gsub"] = 4 }
local changers = { ["table.insert"] = true, ["table.remove"] = true, ["table.sort"] = true, ["rawset"] = true }

local function role_of(node, role)
  local fn = node
  if node.tag == "Id" and node.var and node.var.init then fn = node.var.init end
  if fn and fn.tag == "Function" then fn.role = fn.role or role end
  return fn
end

-- Before anything is looked at: which function is handed to whom.
function places.mark(walk, node)
  if type(node) ~= "table" then return end
  if node.tag == "Call" then
    local path = walk.path_of(node[1])
    local fn = path and walk.ctx.functions[path]
    local skips = fn and walk.skips(fn, node, 2)
    for i, param in ipairs(fn and fn.arguments or {}) do
      local given = node[skips and i == #fn.arguments and i or i + 1]
      if param.type == "fn" and given then
        local taken = role_of(given, { fn = fn, call = node })
        if fn.name == "flow.define" and taken.tag == "Function" and taken[1][1] and taken[1][1].var then
          taken[1][1].var.run = true
          if taken[1][2] and taken[1][2].var then taken[1][2].var.input_of = node end
        end
      end
    end
    local at = path and callers[path]
    if at and node[at] then role_of(node[at], { by = path }) end
  elseif node.tag == "Invoke" and node[2][1] == "gsub" and node[4] then
    role_of(node[4], { by = "gsub" })
  end
  for _, child in ipairs(node) do places.mark(walk, child) end
end

-- The nearest function around that is handed to the API, and the nearest one that Lua's own functions call.
local function around(fn)
  local by
  while fn do
    if fn.role and fn.role.fn then return fn.role, by end
    by = by or (fn.role and fn.role.by)
    fn = fn.up
  end
  return nil, by
end

local function is_veto(role)
  local event = role.fn.name == "on" and role.call[2]
  return event and event.tag == "String" and event[1]:match("%.before_") ~= nil
end

function places.call(walk, fn, node)
  local role, by = around(walk.fn)
  local values = { ["function"] = fn.name, by = by }
  if fn.effect == "wait" and by then
    walk:add(node, "error", "check.wait_callback", values)
  elseif fn.effect == "wait" and role and is_veto(role) then
    walk:add(node, "error", "check.wait_hook", values)
  elseif role and role.fn.name == "report.define" and (fn.effect == "wait" or fn.effect == "write") then
    walk:add(node, "error", "check.report_reads", values)
  elseif role and role.fn.name == "route.get" and fn.effect == "write" then
    walk:add(node, "error", "check.route_reads", values)
  elseif role and role.fn.name == "command.define" and fn.effect == "write" and not types.pairs_of(role.call[3]).writes then
    walk:add(node, "error", "check.command_reads", values)
  elseif role and role.fn.name == "command.define" and fn.effect == "wait" then
    walk:add(node, "error", "check.wait_command", values)
  elseif role and role.fn.name:match("^route%.") and fn.effect == "wait" then
    walk:add(node, "error", "check.wait_route", values)
  elseif role and role.fn.name == "flow.define" and fn.name:match("^loop%.") then
    walk:add(node, "error", "check.loop_in_run", values)
  end
end

-- Main-chunk locals are frozen once the plugin is loaded; what is handed to the API runs after that.
local function is_frozen(walk, node)
  return node.tag == "Id" and node.var and not node.var.fn and walk.fn and around(walk.fn) ~= nil
end

local function base_of(node)
  while node.tag == "Index" do node = node[1] end
  return node
end

function places.set(walk, node)
  for _, target in ipairs(node[1]) do
    if target.tag == "Id" and target.var and not target.var.fn and walk.fn then
      walk:add(target, "error", "lua.upvalue", { name = target[1] })
    elseif target.tag == "Index" and is_frozen(walk, base_of(target)) then
      walk:add(target, "error", "check.shared", { name = base_of(target)[1] })
    end
  end
end

function places.change(walk, node, path)
  if path and changers[path] and node[2] and is_frozen(walk, base_of(node[2])) then
    walk:add(node, "error", "check.shared", { name = base_of(node[2])[1] })
  end
end

return places
