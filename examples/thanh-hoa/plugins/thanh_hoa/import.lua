-- An article as people write it in a text file: the title, a line with the date, the lead, the paragraphs, and the
-- byline "Văn phòng …". What stands after the byline belongs to the page it was copied from and is left out.

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

---@param args { text: string, unit: string, publish_at: table? }
---@return table item
function import.run(args)
  local unit = people.unit(args.unit)
  if not unit then refuse "unit" end
  local fields = import.parse(args.text)
  fields.unit = unit
  fields.source = unit
  fields.publish_at = args.publish_at
  return content.create("article", fields)
end

return import
