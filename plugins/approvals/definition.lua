-- A chain as data: an item of the type approvals_chain, so that whoever may write content in a unit sets chains up
-- there, with revisions, history and the one publication that content has. A case goes by the published revision of the
-- moment in which it began, and by no other.

local check = require "approvals.check"
local steps = require "approvals.steps"

local definition = {}

local name = "approvals_chain"

---@return string, table for content.type
function definition.type()
  return name, {
    label = { vi = "Chuỗi phê duyệt", en = "Approval chain" },
    fields = {
      title = "text!",
      about = { "text!", doc = "The content type whose items go this way." },
      starts = { "choice:by_hand,on_submit", default = "by_hand" },
      description = "markdown",
      steps = { "json!", doc = "Who is asked, in order." },
      unit = "unit",
    },
    title = "title",
    slug = "title",
    unit = true,
    internal = true,
    approval = config.chains_approved,
    index = { { "about" } },
  }
end

local function faults_of(item)
  local faults, warnings = check.chain(item.steps, item.about)
  if item.starts == "on_submit" and not config.on_submit then
    faults[#faults + 1] = { step = "-", field = "starts", key = "starts" }
  end
  return faults, warnings
end

---Refuses a chain that cannot work, when it is handed in, scheduled or published.
---@param event { item: integer, type: string }
function definition.verify(event)
  if event.type ~= name then return end
  local item = content.get(name, event.item)
  local faults, warnings = faults_of(item)
  steps.refuse(faults)
  for _, warning in ipairs(warnings) do log.warn(steps.sentence(warning), { chain = item.title }) end
end

---@param item table a chain, or what would be one
---@return string[] faults, string[] warnings as sentences
function definition.report(item)
  local faults, warnings = faults_of(item)
  local function told(list)
    local out = {}
    for at, one in ipairs(list) do out[at] = steps.sentence(one) end
    return out
  end
  return told(faults), told(warnings)
end

-- An id or an address.
local function key_of(chain)
  return math.tointeger(tonumber(chain)) or chain
end

---@param chain any id or address
---@param is_draft boolean? the newest revision, for who may read it; else what is published
---@return table?
function definition.get(chain, is_draft)
  return content.get(name, key_of(chain), { published = not is_draft })
end

---The chain of a title that a unit has, published or not.
---@param title string
---@param unit table?
---@return table?
function definition.named(title, unit)
  for _, item in ipairs(content.find(name, { title = title })) do
    if item.unit == (unit and unit.id) then return item end
  end
end

-- A chain of a unit is for what belongs to this unit or one below it.
local function serves(chain, item)
  if not chain.unit then return true end
  local unit = item.unit and people.unit(item.unit)
  for _ = 1, 32 do
    if not unit then return false end
    if unit.id == chain.unit then return true end
    unit = unit:parent()
  end
  return false
end

---What a case goes by: the steps of the published revision, or those that a flow has worked out.
---@param input { type: string, item: integer, chain: string?, steps: table[]? }
---@return { steps: table[], chain: integer?, revision: integer?, title: string? }
function definition.pin(input)
  if not input.chain then return { steps = input.steps } end
  local chain = definition.get(input.chain)
  if not chain then error { code = "approvals.no_chain", message = t("no_chain", { chain = input.chain }) } end
  if chain.about ~= input.type then
    error { code = "approvals.about", message = t("other_type", { chain = chain.title, type = input.type }) }
  end
  local item = content.get(input.type, input.item)
  if item and not serves(chain, item) then
    error { code = "approvals.scope", message = t("other_unit", { chain = chain.title, title = item:title() }) }
  end
  return { steps = chain.steps, chain = chain.id, revision = chain.revision, title = chain.title }
end

---The chain that begins by itself when an item is handed in: of the unit that is nearest to it, then the oldest.
---@param item table
---@return table?
function definition.for_submitted(item)
  local found, nearest
  for _, chain in ipairs(content.find(name, { about = item.type }, { published = true, limit = 500 })) do
    if chain.starts == "on_submit" and serves(chain, item) then
      local unit, distance = item.unit and people.unit(item.unit), 0
      while unit and chain.unit and unit.id ~= chain.unit do
        unit, distance = unit:parent(), distance + 1
      end
      if not chain.unit then distance = 1000 end
      local is_nearer = not found or distance < nearest or distance == nearest and chain.id < found.id
      if is_nearer then found, nearest = chain, distance end
    end
  end
  return found
end

return definition
