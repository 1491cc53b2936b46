-- A step on which a body votes, or all of those whom it asks: each has a ballot, and the count decides. A vote is of
-- the whole text; an edit voids it.
--
--   vote = { threshold = "2/3", quorum = "1/2", of = "members", absent = "written", secret = true, … }
--
-- The options are those of run:vote; without them more than half of the members must have voted, and more than half of
-- those who are counted must be for it. What does not pass goes back to the author with the minutes.

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
local foreign = { "quorum", "veto", "remind", "escalate", "on_timeout", "may_return_to", "part" }

---Calls `refuse(field, key, values)` for each fault.
---@param step table
---@param refuse fun(field: string, key: string, values: table?)
function vote.check(step, refuse)
  for _, field in ipairs(foreign) do
    if step[field] ~= nil then refuse(field, "vote.foreign") end
  end
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

---What the rules are, for the plan and the diagram.
---@param step table
---@return string?
function vote.text(step)
  if not step.vote then return nil end
  local function share(value)
    local more_than = tostring(value or ">1/2"):match "^>(.+)$"
    return more_than and t("diagram.more_than", { share = more_than }) or tostring(value)
  end
  local words = { t("vote.rule", { quorum = share(step.vote.quorum), threshold = share(step.vote.threshold) }) }
  if step.vote.secret then words[2] = t "vote.secret" end
  return table.concat(words, " ")
end

return vote
