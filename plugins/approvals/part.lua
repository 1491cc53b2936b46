-- A step may answer for some fields of the text alone (its part). When the text is edited on its way, what was said
-- stays where nothing of the part changed; whoever's part it is, and who answers for the whole, is asked again.
--
-- A change in a field for which no step of the case answers is everybody's: all are asked again.

local condition = require "approvals.condition"
local steps = require "approvals.steps"
local target = require "approvals.target"

local part = {}

---Is there a step in the chain that answers for a part?
---@param list table[]
---@return boolean
function part.is_used(list)
  for step in steps.each(list) do
    if step.part then return true end
  end
  return false
end

local function is_asked(step, item)
  return not step.when or condition.holds(step.when, item)
end

-- The fields for which somebody has answered or will. Who was left out, by a condition or since enough others beside
-- him had approved, does not.
local function answered_for(round)
  local fields = {}
  for step, at in steps.each(round.list) do
    local place = round.list[at]
    local said = round.said[step.name]
    local is_to_come = not round.said[place.name] and is_asked(place, round.item) and is_asked(step, round.item)
    if step.part and (said and not said.is_left_out or is_to_come) then
      for _, field in ipairs(step.part) do fields[field] = true end
    end
  end
  return fields
end

-- Is it something that an edit can void?
local function is_about_text(said)
  return said and said.decision ~= "return" and not said.is_left_out
end

-- Who edits a text, be it in another part, has written it since: what he approved is approved by nobody now.
local function is_by_author(said, authors)
  for _, answer in ipairs(said.answers) do
    if authors[answer.by] or authors[answer.on_behalf_of] then return true end
    for _, voter in ipairs(answer.voters or {}) do
      if authors[voter] then return true end
    end
  end
  return false
end

-- A function that says whether a part, of which something was said about a revision, is another now.
local function changes(round)
  local fields, diffs = answered_for(round), {}
  return function(names, revision)
    if revision == round.item.revision then return false end
    diffs[revision] = diffs[revision] or content.diff(round.item, revision, round.item.revision)
    local mine = {}
    for _, name in ipairs(names) do mine[name] = true end
    for _, change in ipairs(diffs[revision]) do
      if mine[change.field] or not fields[change.field] then return true end
    end
    return false
  end
end

---What stays of what was said, now that the text is as it is: what was said of parts that are as they were.
---@param round table item, list, said
---@return table<string, table> by the names of the steps
function part.kept(round)
  local kept, is_changed, authors = {}, changes(round), target.authors(round.item)
  for step in steps.each(round.list) do
    local said = step.part and round.said[step.name]
    local stays = is_about_text(said) and not is_changed(step.part, said.revision)
    if stays and not is_by_author(said, authors) then kept[step.name] = said end
  end
  return kept
end

---Is nothing void of what was said, now that the text is as it is?
---@param round table item, list, said
---@return boolean
function part.stands(round)
  local is_changed, authors = changes(round), target.authors(round.item)
  for step in steps.each(round.list) do
    local said = round.said[step.name]
    if is_about_text(said) and said.hash ~= round.item.hash then
      if not step.part or is_changed(step.part, said.revision) or is_by_author(said, authors) then return false end
    end
  end
  return true
end

---For the plan and the diagram.
---@param step table
---@return string?
function part.text(step)
  return step.part and t("part", { fields = table.concat(step.part, ", ") })
end

return part
