-- expect: survives
-- keeps: yes
--- chunk
content.type("file_fields_x", { fields = { title = "text!", scan = "file", more = "list:file" }, title = "title" })
local papers = storage.table("paper", { fields = { scan = "file", more = "list:file" } })
flow.define("takes", { input = { scan = "file" } }, function() end)
--- attack
local cycle = { id = 1 }
cycle.id = cycle
local big = ("x"):rep(1 << 16)
local odd = {
  0, -1, 1, 1.5, 0 / 0, 1 / 0, math.maxinteger, math.mininteger, 2 ^ 53, true, "", "1", "../../khung.db", "a\0b", big, {}, { 1 }, cycle,
  { id = 0 / 0 }, { id = "1" }, { id = {} }, { id = -1 }, { id = 1, hash = big, name = "../x", size = -1, type = "text/html" },
  { hash = ("a"):rep(64) }, setmetatable({}, { __index = function() return 1 end }), print, function() end, date.today(),
}
for i, v in ipairs(odd) do
  run:sleep("0s")
  assert(not pcall(content.create, "file_fields_x", { title = "x", scan = v }), "content " .. i)
  assert(not pcall(papers.insert, papers, { scan = v }), "row " .. i)
  assert(not pcall(flow.start, "takes", { scan = v }), "input " .. i)
  assert(not pcall(content.create, "file_fields_x", { title = "x", more = { v } }), "list " .. i)
end
assert(not pcall(function() error(setmetatable({ id = 1 }, { __tostring = error })) end))
run:sleep("0s")
local many = {}
for i = 1, 2000 do many[i] = i end
assert(not pcall(papers.insert, papers, { more = many }))
assert(not pcall(papers.find, papers, { scan = 1 }))
assert(#papers:find({}) == 0)
