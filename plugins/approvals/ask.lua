-- Asking one place of a chain: one reader, a group of whom some must approve, a vote (ballot.lua), or several steps
-- side by side.
--
-- What comes back says how the place ended: { decision = "approve" | "return" | "voided" | "pass", step, comment,
-- return_to, answers, revision, hash } where `answers` are those that approved, and the last two are the text they saw.

local ballot = require "approvals.ballot"
local condition = require "approvals.condition"
local part = require "approvals.part"
local question = require "approvals.question"
local quorum = require "approvals.quorum"
local record = require "approvals.record"
local target = require "approvals.target"

local ask = {}

local function said_by(step, answer)
  if answer.voided then return { decision = "voided", step = step, answers = {} } end
  if answer.timed_out then
    local decision = step.on_timeout == "pass" and "pass" or "return"
    return { decision = decision, step = step, comment = t("late", { step = step.name }), answers = {} }
  end
  return {
    decision = answer.decision, step = step, comment = answer.comment, return_to = answer.return_to,
    answers = answer.decision == "approve" and { answer } or {}, by = answer,
  }
end

-- One reader. Who wrote the text may hold the position that is asked: then it is asked again.
local function one(round, step, names, told)
  local answer
  repeat
    local what, asked_at = question.of(round, step, names, told), round.run:now()
    local authors = target.authors(round.item)
    what.to = target.without(target.resolve(step.to, round.item), authors)
    answer = round.run:ask(what)
    record.add(round, step, asked_at, answer)
    told = t "own_text"
  until not authors[answer.by] or answer.voided or answer.timed_out
  return question.seen(round, said_by(step, answer), { answer })
end

-- Why a group returned the text: what each of those who did has said.
local function reasons(answers)
  local lines = {}
  for _, answer in ipairs(answers) do
    if answer.decision == "return" and answer.comment and answer.comment ~= "" then
      lines[#lines + 1] = answer.comment
    end
  end
  return #lines > 0 and table.concat(lines, "\n") or nil
end

local function outcome_of_group(step, result)
  local said = { decision = result.decision, step = step, comment = reasons(result.answers), answers = {} }
  for _, answer in ipairs(result.answers) do
    if answer.decision == "approve" and not answer.voided then said.answers[#said.answers + 1] = answer end
    if answer.decision == "return" then
      said.return_to, said.by = said.return_to or answer.return_to, said.by or answer
    end
  end
  if said.decision == "return" and step.on_timeout == "pass" and not reasons(result.answers) then
    local is_silence = true
    for _, answer in ipairs(result.answers) do is_silence = is_silence and answer.decision ~= "return" end
    if is_silence then said.decision = "pass" end
  end
  return said
end

-- Each of a group by himself, until enough have approved or no longer can. A group in which nobody is left is asked as
-- one, so that the question shows itself as one that nobody can decide.
local function group(round, step, names, told)
  local to, asked_at = target.resolve(step.to, round.item), round.run:now()
  local members = target.members(to, target.authors(round.item), nil, true)
  if #members == 0 then return one(round, step, names, told) end
  local need = quorum.needed(step.quorum, #members)
  if need > #members then
    error {
      code = "approvals.quorum_more",
      message = t("quorum_short", { step = step.name, need = need, count = #members }),
    }
  end
  local tasks = {}
  for at, member in ipairs(members) do
    tasks[at] = question.of(round, step, names, told)
    tasks[at].to = member.person
  end
  local result = round.run:ask_all(tasks, {
    need = step.quorum == "all" and "all" or need, veto = step.veto == true,
  })
  for _, answer in ipairs(result.answers) do record.add(round, step, asked_at, answer) end
  return question.seen(round, outcome_of_group(step, result), result.answers)
end

local states = { approve = "approved", ["return"] = "returned", pass = "passed" }

-- Where nobody has a vote, it is asked as one, as of a group.
local function answer_of(round, step, names, told)
  if step.vote then return ballot.hold(round, step, names, told) or one(round, step, names, told) end
  return (step.quorum and group or one)(round, step, names, told)
end

local function single(round, step, names, told)
  question.mark(round, step, "asked")
  record.save(round)
  local said = answer_of(round, step, names, told)
  question.mark(round, step, states[said.decision] or "asked", said)
  return said
end

local gone = { archived = true, retracted = true }

-- Of several who read side by side, one answered for the whole text, and it was changed. Where nothing is void of what
-- was said before, he alone is asked again.
local function is_only_his(round)
  if not part.is_used(round.list) then return false end
  local before = round.item
  local now = content.get(round.type, round.id)
  round.item = now
  if gone[now.state] or not part.stands(round) then
    round.item = before
    return false
  end
  if now.hash ~= before.hash then
    round.number = round.number + 1
    round.places.n = round.number
  end
  return true
end

-- Raised by a branch whose answer settles the whole: the others are then no longer asked.
local settled = "approvals.settled"

local function settles(count, said)
  if said.decision == "voided" then return "voided" end
  if said.decision == "return" then
    count.returned = count.returned + 1
    return count.asked - count.returned < count.need and "return" or nil
  end
  count.approved = count.approved + 1
  return count.approved >= count.need and "approve" or nil
end

local function branches(round, open, returns, told, count)
  local functions = {}
  for _, step in ipairs(open) do
    functions[step.name] = function()
      local said = single(round, step, returns(step), told)
      while said.decision == "voided" and is_only_his(round) do
        said = single(round, step, returns(step), t "voided")
      end
      round.said[step.name] = said
      record.save(round)
      local decision = settles(count, said)
      if decision then
        count.last = said
        error { code = settled, message = decision }
      end
    end
  end
  return functions
end

-- Those whose condition holds; the others are left out, as if they were not there.
local function applicable(round, place)
  local list = {}
  for _, step in ipairs(place.parallel) do
    if not step.when or condition.holds(step.when, round.item) then
      list[#list + 1] = step
    else
      round.places[step.name], round.said[step.name] = { state = "skipped" }, nil
    end
  end
  return list
end

-- Who has approved this text already, since only another step was asked again, is not asked.
local function side_by_side(round, place, returns, told)
  local all, open = applicable(round, place), {}
  if #all == 0 then return { decision = "pass", step = place, answers = {} } end
  local need = math.min(quorum.needed(place.need or "all", #all), #all)
  local count = { asked = #all, approved = 0, returned = 0, need = need }
  for _, step in ipairs(all) do
    if round.said[step.name] then count.approved = count.approved + 1 else open[#open + 1] = step end
  end
  if count.approved >= need then return { decision = "approve", step = place, answers = {} } end

  for _, step in ipairs(open) do question.mark(round, step, "asked") end
  local ok, why = pcall(function() round.run:all(branches(round, open, returns, told, count)) end)
  if not ok and not (type(why) == "table" and why.code == settled) then error(why, 0) end
  for _, step in ipairs(open) do
    local said = round.said[step.name]
    if said and said.decision == "return" then round.said[step.name] = nil end
    if not said then round.places[step.name] = { state = "skipped" } end
  end
  local last = count.last
  return {
    decision = last.decision, step = last.step, comment = last.comment, return_to = last.return_to, by = last.by,
    answers = {},
  }
end

---Asks what stands at one place of a chain.
---@param round table run, item, places, said
---@param step table
---@param returns fun(step: table): string[] the steps to which one may return
---@param told string? what the reader is told beside the text
---@return table
function ask.step(round, step, returns, told)
  if step.parallel then return side_by_side(round, step, returns, told) end
  return single(round, step, returns(step), told)
end

return ask
