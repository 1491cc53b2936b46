-- expect: survives
local function plain(s) assert(not s:find("0x") and not s:find("%x%x%x%x%x%x%x%x%x"), s) end
for _, v in ipairs { {}, print, function() end, coroutine.create(print), storage, setmetatable({}, {}) } do
  plain(tostring(v))
  plain(string.format("%s", v))
  plain(string.format("%-30s", v))
  assert(not pcall(string.format, "%p", v))
  plain(tostring(select(2, pcall(function() return v + 1 end))))
  plain(tostring(select(2, pcall(function() return v < v end))))
  plain(tostring(select(2, pcall(function() return v.x.y.z end))))
end
