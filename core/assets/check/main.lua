-- khung check: what can be seen in the text of a plugin without running it.
--
-- Called with the host's knowledge { api, plugin, plugins, events, refs, media, organisation, and what
-- judges a text: is_field, is_duration, is_cron, why_not, pattern_fault }; gives a list of
-- findings { file, line, column, code, severity, values }. Runs in a plain Lua state of the tool, on text alone. The
-- parser and the checks of ordinary Lua are those of luacheck.
local ctx = ...

local parser = require "luacheck.parser"
local decoder = require "luacheck.decoder"
local found = require "check.found"
local check_lua = require "check.lua"
local resolve = require "check.scope"
local places = require "check.places"
local names = require "check.names"
local Walk = require "check.calls"

ctx.functions, ctx.methods, ctx.method_names = {}, {}, {}
ctx.used, ctx.own_methods, ctx.texts_used = {}, {}, {}
ctx.nouns = {} -- parts of the API that are named at all
ctx.flows, ctx.emitted, ctx.event_nouns = {}, {}, {}

for _, fn in ipairs(ctx.api) do
  ctx.functions[fn.name] = fn
  local method = fn.name:match(":(.+)$")
  if method and not ctx.methods[method] then
    ctx.methods[method] = true
    ctx.method_names[#ctx.method_names + 1] = method
  end
end
for name in pairs(ctx.events) do ctx.event_nouns[name:match("^(.-)%.")] = true end

-- Methods that the plugin gives its own tables.
local function collect_methods(node)
  if type(node) ~= "table" then return end
  if node.tag == "Index" and node[2].tag == "String" then ctx.own_methods[node[2][1]] = true end
  if node.tag == "Pair" and node[1].tag == "String" then ctx.own_methods[node[1][1]] = true end
  for _, child in ipairs(node) do collect_methods(child) end
end

local walks = {}
ctx.all_read = true
for _, f in ipairs(ctx.plugin.files) do
  if f.path:match("%.lua$") and not f.path:match("^locale/") and f.path ~= "plugin.lua" then
    if check_lua(ctx, f.path, f.text) then
      local ast, _, _, _, _, offsets = parser.parse(decoder.decode(f.text))
      resolve(ast)
      collect_methods(ast)
      walks[#walks + 1] = setmetatable({ ctx = ctx, file = f.path, ast = ast, offsets = offsets }, { __index = Walk })
    else
      ctx.all_read = false
    end
  end
end
for _, walk in ipairs(walks) do names.collect(walk, walk.ast) end
for _, walk in ipairs(walks) do places.mark(walk, walk.ast) end
for _, walk in ipairs(walks) do walk:node(walk.ast) end
require "check.manifest" (ctx)
require "check.texts" (ctx)
return found.sorted()
