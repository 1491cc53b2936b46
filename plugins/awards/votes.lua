-- Votes are counted in integers: 7 of 9 fails 80 per cent, 8 of 9 passes. No percentage is ever rounded.

local votes = {}

---The least number of votes for which votes * 100 >= threshold * members.
---@param threshold integer per cent
---@param members integer
---@return integer
function votes.needed(threshold, members)
  return (threshold * members + 99) // 100
end

return votes
