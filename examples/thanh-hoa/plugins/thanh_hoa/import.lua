-- An article as people write it in a text file: the title, a line with the date, the lead, the paragraphs, and the
-- byline "Văn phòng …". What stands after the byline belongs to the page it was copied from and is left out.

local defaults = require "thanh_hoa.defaults"

local import = {}

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("\r", "") .. "\n"):gmatch("([^\n]*)\n") do
    line = line:match("^%s*(.-)%s*$")
    if line ~= "" then lines[#lines + 1] = line end
  end
  return lines
end

local function is_date(line)
  return line:find("^%d%d?/%d%d?/%d%d%d%d$") ~= nil
end

local function is_byline(line)
  return line:find("^Văn phòng ") ~= nil and not line:find("[.!?]$")
end

local function refuse(key)
  error { code = "thanh_hoa." .. key, message = t("import." .. key) }
end

---Reads an article. Refused when a part is missing, with the part's name.
---@param text string
---@return { title: string, dated: table, lead: string, body: string, byline: string }
function import.parse(text)
  local lines = lines_of(text)
  if #lines == 0 then refuse "empty" end
  if not lines[2] or not is_date(lines[2]) then refuse "date" end
  if not lines[3] then refuse "lead" end

  local paragraphs, byline = {}, nil
  for at = 4, #lines do
    if is_byline(lines[at]) then
      byline = lines[at]
      break
    end
    paragraphs[#paragraphs + 1] = lines[at]
  end
  if #paragraphs == 0 then refuse "body" end
  if not byline then refuse "byline" end

  return {
    title = lines[1],
    dated = date.parse(lines[2]),
    lead = lines[3],
    body = table.concat(paragraphs, "\n\n"),
    byline = byline,
  }
end

local function was_returned(item)
  if item.state ~= "draft" then return false end
  for _, entry in ipairs(content.history(item)) do
    if entry.verb == "send_back" then return true end
  end
  return false
end

-- The same title and date is the same article. One that was returned is handed in again.
local function mend(item, fields)
  local returned = was_returned(item)
  item = content.edit(item, fields)
  if returned then content.submit(item) end
  return { item = item.id, created = false }
end

---@param input { text: string, unit: string?, publish_at: table? }
---@return { item: integer, created: boolean }
function import.run(_, input)
  local fields = import.parse(input.text)
  fields.publish_at = input.publish_at or date.parse(fields.dated.iso .. " " .. defaults.hour)

  local known = content.find("article", { title = fields.title, dated = fields.dated })
  if known[1] then return mend(known[1], fields) end

  local unit = people.unit(input.unit or defaults.unit)
  if not unit then refuse "unit" end
  fields.unit = unit
  fields.source = unit
  return { item = content.create("article", fields).id, created = true }
end

return import
