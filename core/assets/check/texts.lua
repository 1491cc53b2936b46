-- locale/*.lua: each text that is used is there in both languages, with the same values to be filled in.
local found = require "check.found"

local function place(ctx, lang, key)
  local path, number = "locale/" .. lang .. ".lua", 0
  for _, f in ipairs(ctx.plugin.files) do
    if f.path == path then
      for line in (f.text .. "\n"):gmatch("(.-)\n") do
        number = number + 1
        local column = line:find('"' .. key .. '"', 1, true) or line:find("%f[%w_]" .. key:gsub("%p", "%%%0") .. "%f[^%w_]")
        if column then return { file = path, line = number, column = column } end
      end
    end
  end
  return { file = path, line = 1, column = 1 }
end

local function holes(text)
  local set = {}
  for name in text:gmatch("{([%w_]+)}") do set[name] = true end
  return table.concat(found.sorted_keys(set), ", ")
end

return function(ctx)
  local texts = ctx.plugin.texts
  if not ctx.plugin.needs then return end
  for _, key in ipairs(found.sorted_keys(ctx.texts_used)) do
    for _, lang in ipairs { "vi", "en" } do
      if not (texts[lang] or {})[key] then
        found.add_named(ctx.texts_used[key], "error", "check.text", { name = key, lang = lang }, found.sorted_keys(texts[lang] or {}))
      end
    end
  end
  for _, pair in ipairs { { "vi", "en" }, { "en", "vi" } } do
    local lang, other = pair[1], pair[2]
    for _, key in ipairs(found.sorted_keys(texts[lang] or {})) do
      local mine, others = texts[lang][key], (texts[other] or {})[key]
      if not others and not ctx.texts_used[key] then
        found.add(place(ctx, lang, key), "warning", "check.text_one", { key = key, lang = other })
      elseif lang == "vi" and others and holes(mine) ~= holes(others) then
        found.add(place(ctx, lang, key), "warning", "check.text_holes", { key = key, vi = holes(mine), en = holes(others) })
      end
    end
  end
end
