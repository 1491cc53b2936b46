-- expect: limit.runs
-- manifest: limits = { runs = 3 },
flow.define("sleeper", {}, function(r) r:wait("never") end)
--- attack
while true do flow.start("sleeper") end
