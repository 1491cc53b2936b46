-- expect: flow.forms
-- mode: load
local cycle = {}
cycle.decision = cycle
for i, forms in ipairs { cycle, { one = cycle }, { one = { decision = print } }, { one = { decision = { "integer", min = cycle } } } } do
  assert(not pcall(flow.define, "odd" .. i, { forms = forms }, function() end), "forms " .. i)
end
local shown = { one = setmetatable({ decision = "text" }, { __index = error, __pairs = error, __len = error }) }
pcall(flow.define, "shown", { forms = shown }, function() end)
local many = {}
for i = 1, 101 do many["f" .. i] = { decision = "text" } end
flow.define("many", { forms = many }, function() end)
