-- An approval chain: a text is shown to one reader after another, or to several side by side, and each approves it or
-- returns it.
--
-- All approvals are of one text. When it is changed while somebody reads it, what was said before is void and the
-- chain begins anew with the first reader; but who answers for a part that is as it was is not asked again (part.lua).
-- A return to the author ends when the author hands the text in again; a return to an earlier step asks that one again,
-- and all that come after it. Where nobody has decided at the end it goes back to the author, too.

local ask = require "approvals.ask"
local condition = require "approvals.condition"
local findings = require "approvals.findings"
local part = require "approvals.part"
local record = require "approvals.record"
local steps = require "approvals.steps"

local chain = {}

local gone = { archived = true, retracted = true }

-- Refusals that are no judgement of the text: a plugin that is switched off since it failed.
local unready = { ["plugin.off"] = true, ["plugin.disabled"] = true }

-- A new round: nothing has been said yet about the text as it is now, but of parts that are as they were.
local function begin(round)
  round.number = round.number + 1
  round.item = content.get(round.type, round.id)
  local places = { n = round.number }
  round.said = part.kept(round)
  for name in pairs(round.said) do places[name] = round.places[name] end
  round.places = places
  return 1
end

-- Back to the author with what was said and found, until the text is handed in again.
local function send_back(round, step, said)
  local list = step.lint and content.lint(round.item) or {}
  record.save(round)
  content.send_back(round.item, findings.comment(said.comment, list), {
    fields = findings.by_field(list), by = said.by,
  })
  round.run:status(t("status.returned", { step = step.name }))
  round.run:wait("content.submitted", { item = round.id })
end

-- Back to the author since nobody has decided: every step was left out or passed over. When the text is handed in
-- again, all are asked anew: what was passed over is nothing that stays.
local function send_back_undecided(round)
  record.undecided(round)
  content.send_back(round.item, t("undecided", { title = round.item:title() }))
  round.run:status(t "status.undecided")
  round.run:wait("content.submitted", { item = round.id })
  round.said = {}
  return begin(round), t "again"
end

-- A draft is handed in for its author. What the office refuses, as a text that lacks something, goes back with the
-- reason, until the author hands it in.
local function hand_in(round)
  if round.item.state ~= "draft" then return end
  local ok, why = pcall(content.submit, round.item)
  if ok then return end
  if type(why) ~= "table" or unready[why.code] then error(why, 0) end
  content.send_back(round.item, why.message)
  round.run:status(t("status.refused", { reason = why.message }))
  round.run:wait("content.submitted", { item = round.id })
  begin(round)
end

-- What was said from a place on is asked again; of steps side by side only the one that is meant.
local function go_back(round, list, places, name)
  local from = places[name]
  for at = from, #list do
    for _, one in ipairs { list[at], table.unpack(list[at].parallel or {}) } do
      local stays = at == from and name ~= list[at].name and one.name ~= name and one.name ~= list[at].name
      if not stays then round.said[one.name], round.places[one.name] = nil, nil end
    end
  end
  return from
end

-- Where the chain goes on after what was said, and what the next reader is told.
local function next_place(round, list, places, at, said)
  local now = content.get(round.type, round.id)
  if gone[now.state] then return nil end
  local is_other = now.hash ~= round.item.hash
  if said.decision == "voided" then return begin(round), t "voided" end
  if said.decision ~= "return" then
    round.said[list[at].name], round.item = said, now
    if is_other and not part.stands(round) then return begin(round), t "voided" end
    return at + 1
  end
  local step, to = said.step, said.return_to
  if is_other and not step.part then return begin(round), t "voided" end
  round.item = now
  if to and to ~= "author" then
    return go_back(round, list, places, to),
      t("returned_by", { step = step.name, comment = said.comment or t "returned" })
  end
  send_back(round, step, said)
  return begin(round), t "again"
end

-- One place of the chain: what was said there, or that there is nothing to ask.
local function visit(round, list, at, told)
  local step = list[at]
  if step.when and not condition.holds(step.when, round.item) then
    round.places[step.name] = { state = "skipped" }
    return { decision = "pass", is_left_out = true, answers = {} }
  end
  if not step.parallel and round.said[step.name] then return round.said[step.name] end
  round.run:status(t("status.asked", { step = step.name, round = round.number }))
  return ask.step(round, step, function(one) return steps.returns(list, at, one) end, told)
end

-- Who approved what, in the order of the chain, and the last answer that says so, of the newest text.
local function approvals(round, list)
  local all, last = {}, nil
  for step in steps.each(list) do
    local said = round.said[step.name]
    for _, answer in ipairs(said and said.answers or {}) do
      all[#all + 1] = {
        step = step.name, by = answer.by, as = answer.as, on_behalf_of = answer.on_behalf_of, at = answer.at,
        part = step.part, revision = step.part and answer.revision,
      }
      if not last or (answer.revision or 0) >= (last.revision or 0) then last = answer end
    end
  end
  return all, last
end

---Asks the readers in their order until all have approved the same text.
---@param run table
---@param input { type: string, item: integer }
---@param pinned { steps: table[], chain: integer?, revision: integer? }
---@return { decision: string, hash: string, revision: integer, approvals: table[], answer: table, rounds: integer }
function chain.run(run, input, pinned)
  local list = pinned.steps
  local places = steps.check(list)
  local item = content.get(input.type, input.item)
  if not item then error { code = "approvals.item", message = t("no_item", { item = input.item }) } end

  local round = { run = run, type = input.type, id = input.item, number = 0, list = list, said = {}, places = {} }
  local at, told = begin(round), nil
  record.open(round, pinned)
  hand_in(round)
  local all, last
  repeat
    while at and at <= #list do
      at, told = next_place(round, list, places, at, visit(round, list, at, told))
    end
    all, last = approvals(round, list)
    if at and not last then at, told = send_back_undecided(round) end
  until not at or at > #list
  record.close(round, at and "approved" or "withdrawn")
  return {
    decision = at and "approve" or "withdrawn",
    hash = round.item.hash,
    revision = round.item.revision,
    approvals = all,
    answer = last,
    rounds = round.number,
  }
end

return chain
