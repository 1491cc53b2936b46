-- How many of a group must approve: in whole numbers only.

local quorum = {}

local share = { ["^(%d+)/(%d+)$"] = false, ["^>(%d+)/(%d+)$"] = true }

local function parse_share(text)
  local percent = text:match "^(%d+)%%$"
  if percent then return tonumber(percent), 100, false end
  for pattern, is_more in pairs(share) do
    local of, all = text:match(pattern)
    if of then return tonumber(of), tonumber(all), is_more end
  end
end

-- Whole numbers only: "2/3" of 9 is 6, "80%" of 9 is 8, ">1/2" of 4 is 3.
local function of_share(text, count)
  local of, all, is_more = parse_share(text)
  if not of or all == 0 or of > all or of == 0 or (is_more and of == all) then return nil end
  local needed = (of * count + all - 1) // all
  return is_more and needed * all == of * count and needed + 1 or needed
end

---How many of a group must approve; nil: what is written is no quorum.
---@param rule any
---@param count integer how many are asked
---@return integer?
function quorum.needed(rule, count)
  if rule == "all" then return count end
  if rule == "any" then return 1 end
  if math.type(rule) == "integer" and rule > 0 then return rule end
  if type(rule) == "string" and #rule < 20 then return of_share(rule, count) end
end

return quorum
