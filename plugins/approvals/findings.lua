-- The findings of the lint as people read them: in the help of a task, and as comments by field when a text goes back.

local findings = {}

local most = 20

local function line(finding)
  return "- " .. finding.field .. ": " .. finding.message
end

---All findings as lines, the first twenty of them.
---@param list table[] as content.lint gives them
---@return string? nothing when there are none
function findings.text(list)
  if #list == 0 then return nil end
  local lines = { t("findings.head", { count = #list }) }
  for at = 1, math.min(#list, most) do lines[#lines + 1] = line(list[at]) end
  if #list > most then lines[#lines + 1] = t("findings.more", { count = #list - most }) end
  return table.concat(lines, "\n")
end

---The comment with which a text goes back: what the reader said, then what the lint found.
---@param said string?
---@param list table[]
---@return string
function findings.comment(said, list)
  local found = findings.text(list)
  if not said or said == "" then return found or t "returned" end
  return found and said .. "\n\n" .. found or said
end

---{ field = "message; message" }
---@param list table[]
---@return table<string, string>
function findings.by_field(list)
  local fields = {}
  for _, finding in ipairs(list) do
    local before = fields[finding.field]
    fields[finding.field] = before and before .. "; " .. finding.message or finding.message
  end
  return fields
end

return findings
