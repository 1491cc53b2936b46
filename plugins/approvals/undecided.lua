-- Can a chain come to its end without anybody having decided? A step asks nobody where its condition does not hold, and
-- is passed over in silence with on_timeout = "pass". Where that is so of all of them the text goes back to its author:
-- nothing is approved that nobody has approved (chain.lua). Here it is looked for beforehand.

local condition = require "approvals.condition"
local quorum = require "approvals.quorum"

local undecided = {}

-- A term that nobody keeps, or a vote without its quorum.
local function may_pass(step)
  return step.on_timeout == "pass" and (step.within ~= nil or step.vote ~= nil)
end

-- Of those side by side none need answer: each may be left out or passed over, or so many passed over are enough.
local function may_group_pass(group)
  local passing, firm = 0, 0
  for _, step in ipairs(group.parallel) do
    if may_pass(step) then
      passing = passing + 1
    elseif step.when == nil then
      firm = firm + 1
    end
  end
  return firm == 0 or passing >= quorum.needed(group.need or "all", #group.parallel)
end

-- Of two conditions of which one is what the other is not, one always holds.
local function is_one_sure(conditions)
  for at, one in ipairs(conditions) do
    for other = 1, at - 1 do
      if condition.is_opposite(one, conditions[other]) then return true end
    end
  end
  return false
end

---@param list table[] places of a chain, well formed
---@return "left_out" | "passed" | "either" | nil how it may come to that; nil: somebody always decides
function undecided.how(list)
  local is_passed, conditions, firm = true, {}, {}
  for _, place in ipairs(list) do
    local passes = (place.parallel and may_group_pass or may_pass)(place)
    if not passes and place.when == nil then return nil end
    if not passes then firm[#firm + 1] = place.when end
    conditions[#conditions + 1], is_passed = place.when, is_passed and passes
  end
  if is_one_sure(firm) then return nil end
  if is_passed then return "passed" end
  return #conditions == #list and not is_one_sure(conditions) and "left_out" or "either"
end

---Of one text whose conditions are known: those that hold are none, what does not hold is not there.
---@param list table[]
---@param holds fun(step: table): boolean?
---@return "nobody" | "left_out" | "passed" | "either" | nil "nobody": it will be so
function undecided.of(list, holds)
  local known = {}
  local function settled(step)
    local copy = {}
    for field, value in pairs(step) do copy[field] = value end
    if holds(step) then copy.when = nil end
    return copy
  end
  for _, place in ipairs(list) do
    local copy = holds(place) ~= false and settled(place) or nil
    if copy and copy.parallel then
      copy.parallel = {}
      for _, step in ipairs(place.parallel) do
        if holds(step) ~= false then copy.parallel[#copy.parallel + 1] = settled(step) end
      end
      if #copy.parallel == 0 then copy = nil end
    end
    known[#known + 1] = copy
  end
  return #known == 0 and "nobody" or undecided.how(known)
end

return undecided
