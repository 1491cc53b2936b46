-- A nomination on its way: proposed by a unit, endorsed above it, voted on by the council, decided, entered in the
-- register; and the proposer is told. Who proposes neither endorses nor votes nor signs.

local nominations = require "awards.nominations"
local rounds = require "awards.rounds"
local tables = require "awards.tables"
local votes = require "awards.votes"

local nominate = {}

local yes_or_no = { decision = "choice:approve,return!", comment = "text" }
local noted = { decision = "choice:noted!" }

nominate.forms = { decision = yes_or_no, notice = noted }

local function title(key, nomination, round)
  return t(key, { nominee = nomination.nominee, award = round.award, year = round.year })
end

-- Those who hold a position in a unit, without the proposer.
local function holders(position, unit, nomination)
  local list = {}
  for _, person in ipairs(people.holders(position, unit)) do
    if person.id ~= nomination.proposer then list[#list + 1] = person end
  end
  return list
end

-- The unit above endorses. Returns the reason when it does not.
local function endorse(run, nomination, round)
  local to = { position = config.endorser, above = nomination.unit }
  local answer
  repeat
    answer = run:ask {
      to = to,
      title = title("task.endorse", nomination, round),
      help = nomination.statement,
      form = yes_or_no,
      within = config.endorse_days,
      remind = "1 day before",
      on_timeout = "escalate",
    }
    to = { position = config.endorser, above = people.unit(nomination.unit):parent() }
  until answer.by ~= nomination.proposer
  if answer.decision ~= "approve" then return answer.comment or t "reason.endorse" end
  nominations.move(nomination, "endorsed")
end

-- The council votes, each member alone. Returns the reason when the nomination fails.
local function vote(run, nomination, round)
  local members = holders(config.member, round.council, nomination)
  if #members == 0 then return t "reason.no_council" end
  local asked = {}
  for at, member in ipairs(members) do
    asked[at] = {
      to = member,
      title = title("task.vote", nomination, round),
      help = nomination.statement,
      form = yes_or_no,
      within = config.vote_days,
      remind = "1 day before",
    }
  end
  local needed = votes.needed(config.threshold, #members)
  local result = run:ask_all(asked, { need = needed })
  nominations.move(nomination, "voted", { votes_for = result.approved, votes_of = #members })
  if result.decision ~= "approve" then
    return t("reason.votes", { votes = result.approved, needed = needed, members = #members })
  end
end

-- The competent person decides by signing. Returns the signature, or nil and the reason.
local function sign(run, nomination, round)
  if rounds.is_full(round) then return nil, t("reason.quota", { award = round.award, quota = round.quota }) end
  local answer = run:ask {
    to = { position = config.signatory, unit = round.council },
    title = title("task.sign", nomination, round),
    help = nomination.statement,
    form = yes_or_no,
  }
  if answer.by == nomination.proposer then return nil, t "reason.own" end
  if answer.decision ~= "approve" then return nil, answer.comment or t "reason.signatory" end
  -- Others may have been signed meanwhile.
  if rounds.is_full(round) then return nil, t("reason.quota", { award = round.award, quota = round.quota }) end
  return answer
end

-- The number is taken in the transaction of the register's row: no gap, no number twice.
local function register(nomination, round, signature)
  local today = date.today()
  local number = storage.number("decision", { year = today.year })
  tables.honour:insert {
    nomination = nomination.id,
    round = round.id,
    year = today.year,
    award = round.award,
    authority = round.authority,
    recipient = nomination.nominee,
    kind = nomination.kind,
    unit = nomination.unit,
    unit_name = people.unit(nomination.unit).name,
    statement = nomination.statement,
    decision_number = number,
    decided_on = today,
    signatory = signature.by,
    capacity = signature.as,
    status = "granted",
  }
  nominations.move(nomination, "granted")
  return number
end

-- A notice is a task to take note of; nobody is waited for longer than its term.
local function tell(run, nomination, text_of_notice, help)
  run:ask {
    to = people.person(nomination.proposer),
    title = text_of_notice,
    help = help,
    form = noted,
    within = "10 working days",
    on_timeout = "return",
  }
end

local function refused(run, nomination, round, reason)
  nominations.refuse(nomination, reason)
  tell(run, nomination, title("notice.refused", nomination, round), t("notice.reason", { reason = reason }))
  return { granted = false, reason = reason }
end

---@param run table
---@param input table
function nominate.run(run, input)
  local nomination, round = nominations.take(run, input)

  local reason = endorse(run, nomination, round) or vote(run, nomination, round)
  if reason then return refused(run, nomination, round, reason) end

  local signature, why = sign(run, nomination, round)
  if not signature then return refused(run, nomination, round, why) end

  local number = register(nomination, round, signature)
  tell(run, nomination, title("notice.granted", nomination, round), t("notice.number", { number = number }))
  return { granted = true, decision_number = number }
end

return nominate
