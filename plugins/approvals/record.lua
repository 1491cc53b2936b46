-- The record of who was asked what, when, and what they said: what the report on approval times reads.

local record = {}

record.step = storage.table("step", {
  fields = {
    run = "integer!",
    type = "text!",
    item = "integer!",
    revision = "integer!",
    unit = "unit",
    round = "integer!",
    name = "text!",
    asked_at = "instant!",
    decided_at = "instant!",
    decision = "choice:approve,return,voided!",
    person = "person",
    capacity = "text",
    acts_for = "person",
    comment = "text",
  },
  index = { { "item", "asked_at" }, { "asked_at" } },
  export = true,
})

---Keeps one answer. A voided one counts as asked and answered, but decides nothing.
---@param round table what the chain knows: run, item, number
---@param step table the step that was asked
---@param asked_at table the instant
---@param answer table
function record.add(round, step, asked_at, answer)
  record.step:insert {
    run = round.run.id,
    type = round.item.type,
    item = round.item.id,
    revision = round.item.revision,
    unit = round.item.unit,
    round = round.number,
    name = step.name,
    asked_at = asked_at,
    decided_at = answer.at,
    decision = answer.voided and "voided" or answer.decision,
    person = answer.by,
    capacity = answer.as,
    acts_for = answer.on_behalf_of,
    comment = answer.comment,
  }
end

return record
