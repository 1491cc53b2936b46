-- expect: survives
-- wait: 8000
local boss = people.person("boss")
for _, see in ipairs {
  "https://evil.example/", "//evil.example", "/x/../auth", '/x/a" onclick="b', "/x/\0", "/x/a b", 1, 0 / 0, {}, true,
  setmetatable({}, { __tostring = function() return "/x/a" end }),
} do
  assert(not pcall(run.ask, run, { to = boss, title = "x", see = see }), "taken")
  run:sleep("1ms")
end
local long = "/x/" .. ("x"):rep(1 << 20)
assert(not pcall(run.ask, run, { to = boss, title = "x", see = long }), "taken")
