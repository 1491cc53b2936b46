-- expect: survives
-- mode: load
for _, name in ipairs { {}, print, true, setmetatable({}, { __tostring = function() return "io" end }) } do
  assert(not pcall(require, name))
end
assert(not pcall(require))
