-- The record: who was asked what, when, and what they said (what the report on approval times reads); and one row for
-- each case with the chain that it is pinned to and the place at which it stands.

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
    decision = "choice:approve,return,voided,late!",
    person = "person",
    capacity = "text",
    acts_for = "person",
    comment = "text",
  },
  index = { { "item", "asked_at" }, { "asked_at" } },
  export = true,
})

-- `steps` is what the case goes by, whatever becomes of the chain. `places` is how it stands in the present round n, by
-- the names of the steps: { state, since, by, as, acts_for }, `all` of several who approved, `counts` of a vote; what
-- has not come yet is not there. `undecided` is the last round at whose end nobody had decided: the author has it then.
record.case = storage.table("chain_case", {
  fields = {
    run = "integer!",
    type = "text!",
    item = "integer!",
    title = "text",
    author = "person",
    unit = "unit",
    chain = "integer",
    chain_revision = "integer",
    chain_title = "text",
    steps = "json!",
    state = "choice:open,approved,withdrawn!",
    round = "integer!",
    places = "json!",
    undecided = "integer",
    started_at = "instant!",
    ended_at = "instant",
  },
  unique = { { "run" } },
  index = { { "item", "started_at" }, { "state", "started_at" } },
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
    decided_at = answer.at or round.run:now(),
    decision = answer.voided and "voided" or answer.timed_out and "late" or answer.decision,
    person = answer.by,
    capacity = answer.as,
    acts_for = answer.on_behalf_of,
    comment = answer.comment,
  }
end

---Opens the row of a case.
---@param round table
---@param pinned { steps: table[], chain: integer?, revision: integer? }
function record.open(round, pinned)
  round.row = record.case:insert {
    run = round.run.id,
    type = round.item.type,
    item = round.item.id,
    title = round.item:title(),
    author = round.item.created_by,
    unit = round.item.unit,
    chain = pinned.chain,
    chain_revision = pinned.revision,
    chain_title = pinned.title,
    steps = pinned.steps,
    state = "open",
    round = round.number,
    places = round.places,
    started_at = round.run:now(),
  }
end

---Keeps where the case stands.
---@param round table
function record.save(round)
  record.case:update(round.row, { round = round.number, places = round.places })
end

---Keeps that the round has come to its end and nobody has decided.
---@param round table
function record.undecided(round)
  record.case:update(round.row, { round = round.number, places = round.places, undecided = round.number })
end

---@param round table
---@param state "approved" | "withdrawn"
function record.close(round, state)
  record.case:update(round.row, { state = state, places = round.places, ended_at = round.run:now() })
end

return record
