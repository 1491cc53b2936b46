-- expect: survives
local t = mark
for i, value in ipairs { "1 or 1=1", "'; drop table p_good__row; --", { ">=; drop", 1 }, { ">= 0) or (1", 0 } } do
  local ok, rows = pcall(t.find, t, { n = value })
  assert(not ok or #rows == 0, "value " .. i)
end
assert(not pcall(t.find, t, {}, { after = "' or 1=1 --" }), "after")
for _, limit in ipairs { -1, math.mininteger, math.maxinteger, 1e300, 0 / 0 } do pcall(t.find, t, {}, { limit = limit }) end
assert(t:count() == 1)
