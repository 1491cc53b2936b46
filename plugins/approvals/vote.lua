-- A step on which a body votes, or all of those whom it asks: each has a ballot, and the count decides.
--
--   vote = { threshold = "2/3", quorum = "1/2", of = "members", absent = "written", secret = true, … }
--
-- The options are those of run:vote; without them more than half of the members must have voted, and more than half of
-- those who are counted must be for it. What does not pass goes back with the minutes: to the author, or to the step
-- that most of those against have named on their ballots, if it may return there.
--
-- A vote without its quorum (the term is over, or too many take no part) has decided nothing; on_timeout says what
-- then:
-- "escalate": those of `escalate` are asked whether it is held again; "return": back to the author, so it is where
-- nobody is named in `escalate`; "pass": the chain goes on without.

local quorum = require "approvals.quorum"

local vote = {}

local function is_share(value) return quorum.needed(value, 1) ~= nil and value ~= "all" and value ~= "any" end
local function is_boolean(value) return type(value) == "boolean" end
local function one_of(words)
  return function(value) return words[value] == true end
end

-- What each option may be, and the fault when it is not.
local options = {
  quorum = { is_share, "vote.share" },
  threshold = { is_share, "vote.share" },
  of = { one_of { members = true, present = true }, "vote.of" },
  absent = { one_of { written = true, not_counted = true, against = true }, "vote.absent" },
  secret = { is_boolean, "vote.boolean" },
  abstain = { is_boolean, "vote.boolean" },
  change = { is_boolean, "vote.boolean" },
}

-- Fields of a step that mean nothing where it is voted.
local foreign = { "quorum", "veto" }

---Calls `refuse(field, key, values)` for each fault.
---@param step table
---@param refuse fun(field: string, key: string, values: table?)
function vote.check(step, refuse)
  for _, field in ipairs(foreign) do
    if step[field] ~= nil then refuse(field, "vote.foreign") end
  end
  if step.on_timeout == "escalate" and step.escalate == nil then refuse("on_timeout", "vote.escalate") end
  if type(step.vote) ~= "table" then return refuse("vote", "vote.form") end
  for option, value in pairs(step.vote) do
    local rule = options[option]
    if not rule then
      refuse("vote", "vote.option", { option = tostring(option) })
    elseif not rule[1](value) then
      refuse("vote", rule[2], { option = option })
    end
  end
  if step.vote.secret and step.vote.change then refuse("vote", "vote.secret_change") end
end

---How it came out.
---@param counts table
---@return string
function vote.counted(counts)
  return t("vote.counts", { approve = counts.approve, reject = counts.reject, abstain = counts.abstain or 0 })
end

---What of the rules run:vote is to know.
---@param step table
---@return table
function vote.options(step)
  local out = {}
  for option in pairs(options) do out[option] = step.vote[option] end
  return out
end

---What is on a ballot.
---@param step table
---@param returns string[] the steps to which those against may send it
---@return table
function vote.form(step, returns)
  local form = { decision = "choice:approve,reject" .. (step.vote.abstain == false and "!" or ",abstain!") }
  if #returns > 0 then form.return_to = "choice:author," .. table.concat(returns, ",") end
  if not step.vote.secret then form.comment = "text" end
  return form
end

---What becomes of a vote without its quorum.
---@param step table
---@return "escalate" | "return" | "pass"
function vote.without_quorum(step)
  return step.on_timeout or step.escalate and "escalate" or "return"
end

---Is what is needed a share of all members, whoever comes?
local function is_of_members(rules)
  return rules.absent == "against" or rules.of ~= "present" and rules.absent ~= "not_counted"
end

---How many of so many members must take part, and be for it; without the last where it depends on who comes.
---@param step table
---@param count integer members
---@return integer take_part, integer? approve
function vote.needed(step, count)
  local rules = step.vote
  local approve = is_of_members(rules) and quorum.needed(rules.threshold or ">1/2", count) or nil
  if math.type(rules.threshold) == "integer" then approve = rules.threshold end
  return quorum.needed(rules.quorum or ">1/2", count), approve
end

local function share(value)
  local more_than = tostring(value or ">1/2"):match "^>(.+)$"
  return more_than and t("diagram.more_than", { share = more_than }) or tostring(value)
end

---What the rules are, for the plan and the diagram.
---@param step table
---@return string?
function vote.text(step)
  local rules = step.vote
  if not rules then return nil end
  local whom = t(is_of_members(rules) and "vote.of_members" or "vote.of_present")
  local words = { t("vote.rule", { quorum = share(rules.quorum), threshold = share(rules.threshold), whom = whom }) }
  if rules.absent == "against" then words[#words + 1] = t "vote.against" end
  if rules.secret then words[#words + 1] = t "vote.secret" end
  return table.concat(words, " ")
end

return vote
