-- A chain from a file, with codes in place of ids, so that it can be handed from one office to another:
--
--   khung content import approvals_chain chain.json --with approvals.import --as ruth
--
-- What comes of it is a draft: to publish it is for whoever may.

local definition = require "approvals.definition"

local import = {}

local fields = { "title", "about", "starts", "description", "steps" }

local function refuse(key, values)
  error { code = "approvals." .. key, message = t("import." .. key, values) }
end

-- A run may do what the one who started it may not: so it is asked for him.
local function check_right(run, verb, unit)
  local person = run.started_by
  if not person or not people.may(person, "content." .. verb, unit) then
    refuse("denied", { verb = verb, unit = unit and unit.name or "-" })
  end
end

local function read(text)
  local ok, chain = pcall(json.decode, text)
  if not ok or type(chain) ~= "table" or type(chain.title) ~= "string" then refuse "file" end
  local out = {}
  for _, field in ipairs(fields) do out[field] = chain[field] end
  local unit = chain.unit and people.unit(chain.unit)
  if chain.unit and not unit then refuse("unit", { unit = tostring(chain.unit) }) end
  return out, unit
end

---The chain of the same title in the same unit is edited, or a new one is made.
---@param run table
---@param input { text: string }
---@return { item: integer, created: boolean }
function import.run(run, input)
  local chain, unit = read(input.text)
  chain.unit = unit
  local known = definition.named(chain.title, unit)
  check_right(run, known and "edit" or "create", unit)
  local item = known and content.edit(known, chain) or content.create("approvals_chain", chain)
  return { item = item.id, created = known == nil }
end

return import
