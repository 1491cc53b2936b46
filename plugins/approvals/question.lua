-- What is asked of a reader at a step, and how the step then stands.

local findings = require "approvals.findings"
local steps = require "approvals.steps"
local target = require "approvals.target"

local question = {}

-- What the reader is told beside the text: why it comes back, and what the lint found.
local function help(round, step, told)
  local found = step.lint and findings.text(content.lint(round.item))
  if told and found then return told .. "\n\n" .. found end
  return told or found
end

---The task of a step, without whom it asks.
---@param round table
---@param step table
---@param names string[] the steps to which one may return
---@param told string?
---@return table
function question.of(round, step, names, told)
  local item = round.item
  return {
    title = steps.title(step, item),
    about = item,
    part = step.part,
    see = ("/x/approvals/case/%d.svg"):format(round.run.id),
    form = steps.form(names),
    within = step.within,
    remind = step.remind,
    escalate = target.resolve(step.escalate, item),
    on_timeout = (step.on_timeout == "return" or step.on_timeout == "pass") and "return" or "escalate",
    help = help(round, step, told),
  }
end

---How a place stands, for the diagram; `said` when somebody has said something.
---@param round table
---@param step table
---@param state string
---@param said table?
function question.mark(round, step, state, said)
  local answers = said and said.answers or {}
  local answer, all = answers[#answers], nil
  for at, one in ipairs(#answers > 1 and answers or {}) do
    all = all or {}
    all[at] = { by = one.by, acts_for = one.on_behalf_of }
  end
  round.places[step.name] = {
    state = state, since = round.run:now().iso, by = answer and answer.by, as = answer and answer.as,
    acts_for = answer and answer.on_behalf_of, counts = said and said.counts, all = all,
  }
end

---The text that was before those who have answered: the oldest one, if they saw more than one.
---@param round table
---@param said table
---@param answers table[]
---@return table said, with revision and hash
function question.seen(round, said, answers)
  said.revision, said.hash = round.item.revision, round.item.hash
  for at, answer in ipairs(answers) do
    if answer.revision and (at == 1 or answer.revision < said.revision) then
      said.revision, said.hash = answer.revision, answer.hash
    end
  end
  return said
end

return question
