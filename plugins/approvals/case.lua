-- A case from its beginning to its end without any Lua of one's own: an item goes the way of a chain and is then
-- approved as the text that all have read.

local chain = require "approvals.chain"
local definition = require "approvals.definition"
local record = require "approvals.record"

local case = {}

---@param run table
---@param input { type: string, item: integer, chain: string }
function case.run(run, input)
  local result = chain.run(run, input, definition.pin(input))
  if result.decision == "approve" then
    content.approve(content.get(input.type, input.item), { by = result.answer })
  end
  return result
end

local over = { cancelled = true, completed = true }

-- A case whose run was cancelled says so no more.
local function is_on_its_way(item)
  for _, row in ipairs(record.case:find { item = item, state = "open" }) do
    local run = flow.get(row.run)
    if run and not over[run.state] then return true end
  end
  return false
end

local function submissions(item)
  local count = 0
  for _, entry in ipairs(content.history(item)) do
    if entry.verb == "submit" then count = count + 1 end
  end
  return count
end

---What is handed in goes the way of the chain that begins by itself; unless it is on its way already.
---@param event { item: integer, type: string }
function case.on_submit(event)
  if is_on_its_way(event.item) then return end
  local item = content.get(event.type, event.item)
  local found = item and item.state == "in_review" and definition.for_submitted(item)
  if not found then return end
  flow.start("case", { type = event.type, item = event.item, chain = tostring(found.id) },
    { id = ("item-%d-submission-%d"):format(event.item, submissions(item)) })
end

return case
