-- A round: which award, of which year, by whose council, how many at most.

local tables = require "awards.tables"

local rounds = {}

rounds.fields = {
  year = { "integer!", title = { vi = "Năm", en = "Year" } },
  award = { "text!", title = { vi = "Hình thức khen thưởng", en = "Award" } },
  authority = { "text!", title = { vi = "Cấp khen thưởng", en = "Granted by" } },
  council = { "unit!", title = { vi = "Hội đồng thi đua của", en = "Council of" } },
  quota = { "integer", title = { vi = "Số lượng tối đa", en = "At most" } },
  closes_on = { "date", title = { vi = "Hạn nhận đề nghị", en = "Last day for nominations" } },
}

---@param input table
---@return { round: integer }
function rounds.open(_, input)
  return { round = tables.round:insert(input) }
end

---True when the round has given all that it may give.
---@param round table
function rounds.is_full(round)
  return round.quota ~= nil and tables.honour:count { round = round.id, status = "granted" } >= round.quota
end

---True when nothing more is taken in.
---@param round table
function rounds.is_closed(round)
  return round.closes_on ~= nil and date.today() > round.closes_on
end

return rounds
