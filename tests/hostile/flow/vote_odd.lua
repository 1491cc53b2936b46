-- expect: survives
-- wait: 8000
local boss = people.person("boss")
local many = {}
for i = 1, 1001 do many[i] = boss end
run:sleep("1ms")
local loop = {}
loop.voters = loop
for _, vote in ipairs {
  {}, { voters = {} }, { voters = boss }, { voters = { boss, boss } }, { voters = many }, { voters = { 0, -1, 1 << 62, "x", {} } }, { voters = { 0 / 0 } },
  { voters = loop }, { voters = setmetatable({}, { __len = function() return 1 << 60 end }) },
  { voters = { boss }, threshold = "99999999999999999999%" }, { voters = { boss }, threshold = "1/0" }, { voters = { boss }, threshold = -1 },
  { voters = { boss }, quorum = 1e308 }, { voters = { boss }, quorum = ("9"):rep(1 << 17) }, { voters = { boss }, threshold = "3/2" }, { voters = { boss }, threshold = ">100%" },
  { voters = { boss }, options = { "a\0b", "c" } }, { voters = { boss }, options = { ("x"):rep(1 << 17), "c" } }, { voters = { boss }, options = { "a!", "b" } },
  { voters = { boss }, options = { "abstain", "b" } }, { voters = { boss }, of = {} }, { voters = { boss }, absent = "x" }, { voters = { boss }, present = { boss, boss } },
  { voters = { boss }, returns = "x" }, { voters = { boss }, returns = { "a!", "b" } }, { voters = { boss }, returns = { ("x"):rep(1 << 17) } },
  { voters = { boss }, returns = many }, { voters = { boss }, returns = { { } } }, { voters = { boss }, returns = { 0 / 0 } }, { voters = { boss }, returns = loop },
  { voters = { boss }, options = { "a", "b", "c" }, returns = { "x" } }, { voters = { boss }, returns = setmetatable({}, { __index = function() return "x" end, __len = function() return 1 << 60 end }), within = "x" },
  { voters = { boss }, part = { "title" } }, { voters = { boss }, part = "x" }, { voters = { boss }, part = loop }, { voters = { boss }, part = { ("x"):rep(1 << 20) } },
  { voters = { boss }, within = "x" }, { voters = { boss }, about = boss }, { voters = { boss }, title = "" },
} do
  run:sleep("1ms")
  vote.title = vote.title or "x"
  assert(not pcall(run.vote, run, vote), "taken")
end
