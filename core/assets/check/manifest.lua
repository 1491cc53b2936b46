-- plugin.lua: capabilities that are missing, unknown or not used; keys that nobody reads.
local found = require "check.found"

local keys = { "name", "version", "api", "title", "needs", "requires", "config", "limits", "author", "license", "doc" }

local function place(ctx, pattern)
  local number = 0
  for _, f in ipairs(ctx.plugin.files) do
    if f.path == "plugin.lua" then
      for line in (f.text .. "\n"):gmatch("(.-)\n") do
        number = number + 1
        local column = line:find(pattern)
        if column then return { file = "plugin.lua", line = number, column = column } end
      end
    end
  end
  return { file = "plugin.lua", line = 1, column = 1 }
end

local function quoted(name) return '["\']' .. name:gsub("%p", "%%%0") .. '["\']' end

return function(ctx)
  local plugin = ctx.plugin
  if not plugin.needs then return end -- the manifest cannot be read: loading says why
  local has, known, nouns = {}, {}, ctx.nouns
  for _, fn in ipairs(ctx.api) do
    if fn.needs then known[fn.needs] = true end
  end
  for _, need in ipairs(plugin.needs) do has[need] = "unused" end
  for _, name in ipairs(found.sorted_keys(ctx.used)) do
    local need = ctx.functions[name].needs
    nouns[name:match("^[^.:]+")] = true
    if need and has[need] then
      has[need] = "used"
    elseif need then
      found.add(ctx.used[name], "error", "check.need", { ["function"] = name, need = need })
    end
  end
  for _, need in ipairs(plugin.needs) do
    local free = need:match("^fetch:") or need:match("^watch:") -- ends with a name of its own
    if not known[need] and not free then
      found.add_named(place(ctx, quoted(need)), "error", "check.need_unknown", { name = need }, found.sorted_keys(known))
    elseif known[need] and has[need] == "unused" and not nouns[need] and ctx.all_read then
      found.add(place(ctx, quoted(need)), "warning", "check.need_unused", { need = need })
    end
  end
  for _, key in ipairs(plugin.manifest_keys) do
    local is_known = false
    for _, name in ipairs(keys) do is_known = is_known or name == key end
    if not is_known then
      found.add_named(place(ctx, "^%s*" .. key .. "%s*="), "error", "check.manifest_key", { name = key }, keys)
    end
  end
end
