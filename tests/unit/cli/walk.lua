-- Lists every value that can be reached from a root, by whatever way: contents, metatables, upvalues, user values,
-- local variables of coroutines that wait. Runs inside the state that it looks at, with helpers that plugins do not
-- have. Gives the list of lines "path  what it is", sorted.
--
-- Paths: a.b contents; a<meta> metatable; a^name upvalue; a<user> user value; a!1.x variable of a coroutine's call 1;
-- a{key} a key that is an object itself. A value is described where it is found first (the shortest path); elsewhere
-- the line says "= path".
local roots, h = ...

local lines, seen, queue = {}, {}, {}

local function say(path, what)
  lines[#lines + 1] = path .. "  " .. what
end

local reachable = { table = true, ["function"] = true, userdata = true, thread = true }

local function describe(v)
  local kind = h.type(v)
  if kind == "function" then return h.name(v) end
  if kind == "table" then return h.shadow(v) and "table, frozen" or "table" end
  if kind == "userdata" then return h.is_object(v) and "object" or "userdata" end
  return kind
end

-- Plain data that code holds in its variables is of no interest; what may lie in it is.
local function is_data(path, v)
  if not h.starts(path, "coroutine") then return false end
  return not reachable[h.type(v)] or (h.type(v) == "table" and not h.getmetatable(v))
end

local function visit(path, v)
  if not reachable[h.type(v)] then
    if not is_data(path, v) then say(path, h.type(v)) end
  elseif seen[v] then
    if not is_data(path, v) then say(path, "= " .. seen[v]) end
  else
    seen[v] = path
    if not is_data(path, v) then say(path, describe(v)) end
    queue[#queue + 1] = v
  end
end

local function sorted_pairs(t)
  local all = {}
  local k, v = h.next(t)
  while k ~= nil do
    local name
    if h.type(k) == "string" then
      name = "." .. k
    elseif h.type(k) == "userdata" and h.is_light(k) then
      name = "[hidden]"
    elseif reachable[h.type(k)] then
      name = "{key}"
    else
      name = "[" .. h.tostring(k) .. "]"
    end
    all[#all + 1] = { name, k, v }
    k, v = h.next(t, k)
  end
  h.sort(all, function(a, b) return a[1] < b[1] end)
  return all
end

local function walk_contents(path, t)
  for _, e in h.ipairs(sorted_pairs(t)) do
    if e[1] == "{key}" then visit(path .. "{key}", e[2]) end
    visit(path .. e[1], e[3])
  end
end

-- What freezing puts around each table is said once, by the first one; anything else in a metatable is told.
local usual = {}

local function walk_frozen(path, t, shadow)
  walk_contents(path, shadow)
  for _, e in h.ipairs(sorted_pairs(h.getmetatable(t))) do
    local name, v = e[1], e[3]
    local f = h.type(v) == "function" and h.pointer(v)
    if v == shadow or (f and usual[name] == f) or (name == ".__metatable" and v == false) then
      goto next
    end
    if f and not usual[name] and path == "_G" then
      usual[name] = f
      say("frozen<meta>" .. name, h.name(v))
      goto next
    end
    visit(path .. "<meta>" .. name, v)
    ::next::
  end
end

local walk = {}

function walk.table(path, t)
  local shadow = h.shadow(t)
  if shadow then return walk_frozen(path, t, shadow) end
  walk_contents(path, t)
  local meta = h.getmetatable(t)
  if meta then visit(path .. "<meta>", meta) end
end

walk["function"] = function(path, f)
  for i = 1, 255 do
    local name, v = h.getupvalue(f, i)
    if not name then return end
    if h.type(v) ~= "userdata" or not h.is_light(v) then visit(path .. "^" .. (name ~= "" and name or i), v) end
  end
end

function walk.userdata(path, u)
  local meta = h.getmetatable(u)
  if meta then visit(path .. "<meta>", meta) end
  for i = 1, 8 do
    local v, is = h.getuservalue(u, i)
    if not is then return end
    if v ~= nil then visit(path .. "<user>", v) end
  end
end

function walk.thread(path, co)
  if co == h.main then return end -- the one that walks
  for level = 0, 200 do
    local info = h.getinfo(co, level, "f")
    if not info then return end
    visit(path .. "!" .. level, info.func)
    for i = 1, 250 do
      local name, v = h.getlocal(co, level, i)
      if not name then break end
      if h.type(v) ~= "userdata" or not h.is_light(v) then
        visit(path .. "!" .. level .. "." .. name, v)
      end
    end
  end
end

for _, root in h.ipairs(roots) do visit(root[1], root[2]) end
local at = 1
while queue[at] do
  local v = queue[at]
  walk[h.type(v)](seen[v], v)
  at = at + 1
end
return lines
