-- A chain or a case as it is shown, to whom may see it; nil to all others.

local check = require "approvals.check"
local definition = require "approvals.definition"
local diagram = require "approvals.diagram"
local plan = require "approvals.plan"
local record = require "approvals.record"
local steps = require "approvals.steps"
local target = require "approvals.target"
local titles = require "approvals.titles"

local view = {}

---A chain by id or address.
---@param key any
---@param is_draft boolean?
---@return string? SVG
function view.chain(key, is_draft)
  local chain = definition.get(key, is_draft)
  if not chain then return nil end
  if is_draft then steps.refuse((check.chain(chain.steps, chain.about))) end -- what is published was looked at
  return diagram.draw {
    title = t("view.chain_title", { title = chain.title }),
    subtitle = t("view.revision", { revision = chain.revision }),
    steps = titles.steps(chain.steps, titles.of(chain.about)),
  }
end

-- Who said what about a draft is for those who may read it: to them its history is open.
local function visible(type, id)
  local item = content.get(type, id)
  return item and pcall(content.history, item) and item or nil
end

-- Who is asked now is shown the text by the task: the picture tells no more of it.
local function is_asked(row, person)
  local item = { type = row.type, title = row.title, unit = row.unit, created_by = row.author }
  for step in steps.each(row.steps) do
    local place = row.places[step.name]
    local ok, members = false, nil
    if place and place.state == "asked" then
      ok, members = pcall(function() return target.members(target.resolve(step.to, item), {}) end)
    end
    for _, one in ipairs(ok and members or {}) do
      if one.person.id == person.id then return true end
    end
  end
  return false
end

local function case_row(run, reader)
  local row = record.case:find({ run = math.tointeger(tonumber(run)) or 0 })[1]
  return row and (visible(row.type, row.item) or reader and is_asked(row, reader)) and row
end

local function chain_of(row)
  if not row.chain then return t "view.by_flow" end
  return t("view.by_chain", { title = row.chain_title or row.chain, revision = row.chain_revision })
end

-- A run that was cancelled could not say so itself. Who may not read runs sees what the case says.
local function state_of(row)
  local ok, run = pcall(flow.get, row.run)
  if ok and run and run.state == "cancelled" then return "cancelled" end
  return row.state == "open" and row.undecided == row.round and "undecided" or row.state
end

---A case with the place at which it stands.
---@param run any
---@param reader table? the person who looks at it
---@return string? SVG
function view.case(run, reader)
  local row = case_row(run, reader)
  if not row then return nil end
  local author = row.author and people.person(row.author)
  return diagram.draw {
    title = row.title or "",
    subtitle = chain_of(row) .. " " .. t("view.round", { round = row.round }),
    author = author and t("diagram.by", { who = author.name }),
    steps = titles.steps(row.steps, titles.of(row.type)),
    places = row.places,
    state = state_of(row),
  }
end

---Would the chain work, and what is not as it should be?
---@param key any
---@return table? { revision: integer, faults: string[], warnings: string[] }
function view.check(key)
  local chain = definition.get(key, true)
  if not chain then return nil end
  local faults, warnings = definition.report(chain)
  return { revision = chain.revision, faults = faults, warnings = warnings }
end

-- What would go this way: an item that is there, or one of a unit of which nothing is known yet.
local function subject(chain, wanted)
  if wanted.item then return visible(chain.about, wanted.item) end
  local unit = wanted.unit and people.unit(wanted.unit)
  return { type = chain.about, title = "", unit = unit and unit.id }
end

---The dry run of a chain, for an item or for a unit.
---@param key any
---@param wanted { item: integer?, unit: any, from: table?, draft: boolean? }
---@return table? as plan.make gives it, with the chain and its revision
function view.plan(key, wanted)
  local chain = definition.get(key, wanted.draft)
  local item = chain and subject(chain, wanted)
  if not item then return nil end
  steps.refuse((check.chain(chain.steps, chain.about)))
  local made = plan.make(chain.steps, item, wanted.from)
  made.chain, made.revision = chain.title, chain.revision
  return made
end

return view
