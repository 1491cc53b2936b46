-- Nominations as rows: taken in once, moved on step by step.

local rounds = require "awards.rounds"
local tables = require "awards.tables"

local nominations = {}

local function refuse(key, values)
  error { code = "awards." .. key, message = t("refuse." .. key, values) }
end

-- The same achievement of the same nominee, whatever the spelling of its marks and capitals.
local function key_of(input)
  return text.fold(input.nominee) .. "|" .. text.fold(input.achievement)
end

---Takes a nomination in. Refused: no such round, a closed or full one, an achievement that is proposed or awarded.
---@param run table
---@param input table
---@return table nomination, table round
function nominations.take(run, input)
  local round = tables.round:get(input.round)
  if not round then refuse("round", { round = input.round }) end
  if rounds.is_closed(round) then refuse("closed", { award = round.award }) end
  if rounds.is_full(round) then refuse("quota", { award = round.award, quota = round.quota }) end
  local key = key_of(input)
  if tables.nomination:count { achievement_key = key } > 0 then refuse("twice", { nominee = input.nominee }) end

  local id = tables.nomination:insert {
    round = round.id, year = round.year, unit = input.unit, proposer = input.proposer, nominee = input.nominee,
    kind = input.kind, achievement = input.achievement, achievement_key = key, statement = input.statement,
    state = "proposed", run = run.id,
  }
  return tables.nomination:get(id), round
end

---@param nomination table
---@param state string
---@param changes table?
function nominations.move(nomination, state, changes)
  local row = changes or {}
  row.state = state
  tables.nomination:update(nomination.id, row)
end

---A refused one gives its achievement free: its key is then its own.
---@param nomination table
---@param reason string
function nominations.refuse(nomination, reason)
  local key = "refused|" .. nomination.id
  tables.nomination:update(nomination.id, { state = "refused", reason = reason, achievement_key = key })
end

return nominations
