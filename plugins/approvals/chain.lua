-- An approval chain: a text is shown to one reader after another, and each approves it or returns it.
--
-- All approvals are of one text. When it is changed while somebody reads it, what was said before is void and the
-- chain begins anew with the first reader. A return to the author ends when the author hands the text in again.

local findings = require "approvals.findings"
local record = require "approvals.record"
local steps = require "approvals.steps"

local chain = {}

local gone = { archived = true, retracted = true }

-- What the reader is told beside the text: why it comes back, and what the lint found.
local function help(step, item, said)
  local found = step.lint and findings.text(content.lint(item))
  if said and found then return said .. "\n\n" .. found end
  return said or found
end

local function form(step)
  local fields = { decision = "choice:approve,return!", comment = "text" }
  if step.may_return_to then fields.return_to = "choice:author," .. step.may_return_to end
  return fields
end

local function ask(round, step, said)
  local item = round.item
  local asked_at = round.run:now()
  local answer = round.run:ask {
    to = steps.without(steps.target(step.to, item), item.created_by),
    title = steps.title(step, item),
    about = item,
    form = form(step),
    within = step.within,
    remind = step.remind,
    escalate = steps.target(step.escalate, item),
    on_timeout = "escalate",
    help = help(step, item, said),
  }
  record.add(round, step, asked_at, answer)
  return answer
end

-- A new round: nothing has been said yet about the text as it is now.
local function begin(round)
  round.number = round.number + 1
  round.item = content.get(round.type, round.id)
  round.approvals = {}
  return 1
end

local function keep(round, step, answer)
  round.approvals[#round.approvals + 1] = {
    step = step.name, by = answer.by, as = answer.as, on_behalf_of = answer.on_behalf_of, at = answer.at,
  }
  round.last = answer
end

-- Back to the author with what was said and found, until the text is handed in again.
local function send_back(round, step, answer)
  local list = step.lint and content.lint(round.item) or {}
  content.send_back(round.item, findings.comment(answer.comment, list), { fields = findings.by_field(list) })
  round.run:status(t("status.returned", { step = step.name }))
  round.run:wait("content.submitted", { item = round.id })
end

-- Where the chain goes on after an answer, and what the next reader is told.
local function next_place(round, places, at, step, answer)
  local now = content.get(round.type, round.id)
  if gone[now.state] then return nil end
  if answer.voided or now.hash ~= round.item.hash then return begin(round), t "voided" end
  if answer.by == round.item.created_by then return at, t "own_text" end
  if answer.decision == "approve" then
    keep(round, step, answer)
    return at + 1
  end
  if answer.return_to and answer.return_to ~= "author" then
    return places[answer.return_to], t("returned_by", { step = step.name, comment = answer.comment or "" })
  end
  send_back(round, step, answer)
  return begin(round), t "again"
end

---Asks the readers in their order until all have approved the same text.
---@param run table
---@param input { type: string, item: integer, steps: table[] }
---@return { decision: string, hash: string, revision: integer, approvals: table[], answer: table, rounds: integer }
function chain.run(run, input)
  local places = steps.check(input.steps)
  local item = content.get(input.type, input.item)
  if not item then error { code = "approvals.item", message = t("no_item", { item = input.item }) } end
  if item.state == "draft" then content.submit(item) end

  local round = { run = run, type = input.type, id = input.item, number = 0 }
  local at, said = begin(round), nil
  while at and at <= #input.steps do
    local step = input.steps[at]
    run:status(t("status.asked", { step = step.name, round = round.number }))
    at, said = next_place(round, places, at, step, ask(round, step, said))
  end

  return {
    decision = at and "approve" or "withdrawn",
    hash = round.item.hash,
    revision = round.item.revision,
    approvals = round.approvals,
    answer = round.last,
    rounds = round.number,
  }
end

return chain
