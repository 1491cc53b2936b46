-- expect: survives
-- needs: "flow", "storage"
for _, name in ipairs { "content", "people", "schedule", "report", "mail" } do
  assert(not pcall(function() return _G[name].get("x") end))
end
assert(not pcall(function() return people.units() end))
assert(not pcall(function() return content.find("good_note") end))
assert(not pcall(function() return loop.fetch { url = "http://127.0.0.1/" } end))
assert(not pcall(function() return run:fetch { url = "http://127.0.0.1/" } end))
