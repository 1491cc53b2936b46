-- expect: survives | limit.time
for _, r in ipairs(flow.find({}, { limit = 1000 })) do assert(r.plugin == "escape_foreign_runs") end
assert(not pcall(flow.find, { flow = "good.ask" }))
for id = run.id - 50, run.id + 50 do
  local other = flow.get(id)
  assert(other == nil or other.plugin == "escape_foreign_runs")
  if id ~= run.id then
    assert(not pcall(flow.cancel, id, "evil"))
    assert(not pcall(flow.signal, id, "go", {}))
  end
end
