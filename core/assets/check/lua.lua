-- Ordinary Lua, as luacheck sees it, with the names that a plugin has.
local luacheck = require "luacheck"
local found = require "check.found"
local open_block = require "check.blocks"

-- What stock Lua has and a plugin has not: each has a sentence of its own about what to use instead.
local gone = { os = "os", io = "io", debug = "debug", package = "package", load = "load", loadstring = "load",
  dofile = "load", loadfile = "load" }
-- Of luacheck's warnings those that have a sentence in the catalogue, in the reader's language.
local known = { "211", "213", "221", "231", "233", "241", "311", "313", "321", "331", "411", "412", "413", "421", "422",
  "423", "431", "432", "433", "511", "512", "541", "542", "571" }
for _, code in ipairs(known) do known[code] = true end

local function globals_of(api)
  local globals = { config = { other_fields = true } }
  for name in ("assert error getmetatable ipairs next pairs pcall print rawequal rawget rawlen rawset select "
    .. "setmetatable tonumber tostring type xpcall _VERSION require collectgarbage"):gmatch("%S+") do
    globals[name] = {}
  end
  for name in ("string table math utf8 coroutine"):gmatch("%S+") do globals[name] = { other_fields = true } end
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
  return globals
end

local function unknown(at, w, functions, nouns)
  local name = w.field and (w.name .. "." .. w.field) or w.name
  if gone[w.name] then
    found.add(at, "error", "check.gone_" .. gone[w.name], { name = name })
  elseif w.name == "run" then
    found.add(at, "error", "check.no_run")
  else
    found.add_named(at, "error", "check.unknown", { name = name }, found.sorted_keys(functions))
    nouns[w.name] = true
  end
end

-- `set` collects globals that the plugin makes by mistake: using them is no second one.
local function warn(at, w, text, ctx, set)
  if w.code:match("^0") then
    local word, line = open_block(text)
    found.add(at, "error", word and "check.syntax_open" or "check.syntax",
      { message = luacheck.get_message(w), word = word, line = line and tostring(line) })
  elseif w.code:match("^1[14]3$") then
    if not set[w.name] then unknown(at, w, ctx.functions, ctx.nouns) end
  elseif w.code == "111" then
    set[w.name] = true
    found.add(at, "error", "check.global", { name = w.name })
  elseif w.code:match("^1") then
    found.add(at, "error", "lua.read_only", { what = w.name })
  elseif known[w.code] then
    found.add(at, "warning", "check.w" .. w.code,
      { name = w.name or "", line = tostring(w.prev_line or w.overwritten_line or "") })
  else
    found.add(at, "warning", "check.lua", { message = luacheck.get_message(w) .. " [W" .. w.code .. "]" })
  end
end

-- False: it cannot be read at all.
return function(ctx, file, text)
  -- Who calls a function says which arguments it gets: those that are not used are no mistake.
  local options = { std = "none", read_globals = globals_of(ctx.api), max_line_length = false, unused_args = false,
    ignore = { "6.." } }
  local report = luacheck.check_strings({ text }, options)[1]
  local set, readable = {}, true
  if report.fatal then
    found.add({ file = file, line = 1, column = 1 }, "error", "check.lua", { message = tostring(report.msg or report.fatal) })
    return false
  end
  for _, w in ipairs(report) do
    if w.code == "111" then set[w.name] = true end
  end
  for _, w in ipairs(report) do
    warn({ file = file, line = w.line, column = w.column }, w, text, ctx, set)
    readable = readable and not w.code:match("^0")
  end
  return readable
end
