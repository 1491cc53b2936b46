-- expect: survives
-- wait: 8000
local boss = people.person("boss")
for _, ask in ipairs {
  { part = { "x" } }, { part = "x" }, { part = { 1, 2 } }, { part = { {} } }, { part = { ("x"):rep(1 << 21) } }, { part = setmetatable({}, { __index = function() return "x" end }) },
  { form = { by = "integer" } }, { form = { voided = "boolean" } }, { form = { on_behalf_of = "integer" } },
  { form = { x = { type = "text", title = ("x"):rep(1 << 20) } } }, { form = { x = { type = 1 } } }, { remind = "1 day before" }, { remind = "99999999999 working days" },
  { within = "2600 working days", remind = "2601 working days before" },
} do
  ask.to, ask.title = boss, "x"
  assert(not pcall(run.ask, run, ask), "taken")
  run:sleep("1ms")
end
