-- A vote at a step of a chain: held, counted, kept in the record; and what becomes of it without its quorum.

local question = require "approvals.question"
local record = require "approvals.record"
local target = require "approvals.target"
local vote = require "approvals.vote"

local ballot = {}

-- Of a large body the minutes stand in the record alone.
local longest = 4000

local function short_minutes(result)
  if #result.minutes <= longest then return result.minutes end
  return result.counts and vote.counted(result.counts) or t "vote.again"
end

-- An open vote's minutes name everybody; a secret one's nobody who has voted.
local function keep_count(round, step, asked_at, result)
  record.add(round, step, asked_at, {
    voided = result.voided, timed_out = not result.quorum and result.timed_out,
    decision = result.passed and "approve" or "return", at = result.at, as = target.text(step.to),
    comment = result.minutes,
  })
end

-- All with a ballot but those who stayed away or took no part: who of them writes in the text later has voted on it.
local function who_voted(voters, result)
  local gone, list = {}, {}
  for _, id in ipairs(result.absent) do gone[id] = true end
  for _, one in ipairs(result.recused) do gone[one.person] = true end
  for _, person in ipairs(voters) do
    if not gone[person.id] then list[#list + 1] = person.id end
  end
  return list
end

local function said_by(round, step, voters, result)
  if result.voided then return { decision = "voided", step = step, answers = {} } end
  local said = {
    decision = result.passed and "approve" or "return", step = step, answers = {}, counts = result.counts,
    comment = short_minutes(result), return_to = result.return_to,
  }
  if result.passed then
    said.answers[1] = {
      decision = "approve", passed = true, at = result.at, as = vote.counted(result.counts), item = round.item.id,
      revision = result.revision, hash = result.hash, voters = who_voted(voters, result),
    }
  end
  return said
end

-- Those above are shown the minutes, and say whether the vote is held again. Who wrote the text is not asked.
local function ask_above(round, step, names, result)
  local answer, authors
  round.places[step.name] = {
    state = "asked", since = round.run:now().iso, no_quorum = target.text(step.escalate), counts = result.counts,
  }
  record.save(round)
  repeat
    local what, asked_at = question.of(round, step, names, short_minutes(result)), round.run:now()
    authors = target.authors(round.item)
    what.title = t("vote.no_quorum", { title = what.title })
    what.form.decision = "choice:again,return!"
    what.escalate, what.on_timeout = nil, "escalate"
    what.to = target.without(target.resolve(step.escalate, round.item), authors)
    answer = round.run:ask(what)
    local is_again = answer.decision == "again"
    record.add(round, step, asked_at, {
      voided = answer.voided or is_again, decision = answer.decision, at = answer.at, by = answer.by, as = answer.as,
      on_behalf_of = answer.on_behalf_of, comment = answer.comment,
    })
  until not authors[answer.by] or answer.voided
  return answer
end

-- What is said for a vote that has decided nothing; nil: it is held again, and with what its members are told then.
local function without_quorum(round, step, names, result)
  local said = { decision = "return", step = step, answers = {}, counts = result.counts }
  said.comment = short_minutes(result)
  local what = vote.without_quorum(step)
  if what == "pass" then said.decision = "pass" end
  if what ~= "escalate" then return said end

  local answer = ask_above(round, step, names, result)
  if answer.voided then return { decision = "voided", step = step, answers = {} } end
  local comment = answer.comment ~= "" and answer.comment or nil
  if answer.decision == "again" then
    question.mark(round, step, "asked")
    record.save(round)
    return nil, comment or t "vote.again"
  end
  said.comment, said.return_to = comment or said.comment, answer.return_to
  return said
end

local function members(round, step)
  local list = {}
  local to = target.resolve(step.to, round.item)
  for at, member in ipairs(target.members(to, target.authors(round.item), nil, true)) do list[at] = member.person end
  return list
end

local function call(round, step, names, told, voters)
  local like, what = question.of(round, step, names, told), vote.options(step)
  what.voters, what.title, what.about, what.part, what.help = voters, like.title, like.about, like.part, like.help
  what.within, what.remind, what.see = like.within, like.remind, like.see
  if #names > 0 then what.returns = { "author", table.unpack(names) } end
  return round.run:vote(what)
end

---Holds the vote, again if those above want it so.
---@param round table
---@param step table
---@param names string[] the steps to which those against may send it
---@param told string?
---@return table? nothing where nobody has a vote
function ballot.hold(round, step, names, told)
  while true do
    local asked_at, voters = round.run:now(), members(round, step)
    if #voters == 0 then return nil end
    local result = call(round, step, names, told, voters)
    keep_count(round, step, asked_at, result)
    local said
    if result.voided or result.quorum then
      said = said_by(round, step, voters, result)
    else
      said, told = without_quorum(round, step, names, result)
    end
    if said then return question.seen(round, said, said.answers) end
  end
end

return ballot
