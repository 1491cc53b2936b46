-- Examples of storage.*, table:* (see content.lua for how they are read).

--- storage.table at load
local votes = storage.table("vote", {
  fields = { voter = "person!", choice = "choice:yes,no!" },
  unique = { { "voter" } },
})

--- table:convert at load
-- Earlier the fields were name, points = "text" and remark: each change that could lose something is said.
local prizes = storage.table("prize", {
  fields = { winner = "text!", points = "integer!" },
  renamed = { winner = "name" }, dropped = { "remark" },
})
prizes:convert("points", function(row)
  return math.tointeger(tonumber(row.points)) or 0
end)

--- table:insert
local id = nominations:insert { nominee = "Tổ 5", year = 2021, score = 90 }
assert(nominations:get(id).score == 90)

--- table:get
assert(nominations:get(1) == nil, "no such row")

--- table:update
local id = nominations:insert { nominee = "Tổ 5", year = 2021 }
local row = nominations:get(id)
nominations:update(id, { score = 95 }, { version = row.version })
local ok, err = pcall(nominations.update, nominations, id, { score = 1 }, { version = row.version })
assert(not ok and err.code:match("^conflict"), "somebody else was first")

--- table:delete
local id = nominations:insert { nominee = "Tổ 5", year = 2021 }
nominations:delete(id)
assert(nominations:get(id) == nil)

--- table:find
nominations:insert { nominee = "Tổ 5", year = 2021, score = 90 }
nominations:insert { nominee = "Tổ 6", year = 2021, score = 70 }
local best = nominations:find({ year = 2021, score = { ">=", 80 } }, { order = "-score", limit = 10 })
assert(#best == 1 and best[1].nominee == "Tổ 5")

--- table:count
nominations:insert { nominee = "Tổ 5", year = 2021 }
assert(nominations:count { year = 2021 } == 1)

--- table:sum
nominations:insert { nominee = "Tổ 5", year = 2021, score = 90 }
nominations:insert { nominee = "Tổ 6", year = 2021, score = 70 }
assert(nominations:sum("score", { year = 2021 }) == 160)

--- table:aggregate
nominations:insert { nominee = "Tổ 5", year = 2020, score = 90 }
nominations:insert { nominee = "Tổ 5", year = 2021, score = 70 }
local years = nominations:aggregate { by = { "year" }, sum = { "score" }, count = true }
assert(#years == 2)

--- storage.kv.get
assert(storage.kv.get("greeting") == nil)

--- storage.kv.set
storage.kv.set("greeting", { text = "Chào" })
assert(storage.kv.get("greeting").text == "Chào")

--- storage.kv.delete
storage.kv.set("greeting", "Chào")
storage.kv.delete("greeting")
assert(storage.kv.get("greeting") == nil)

--- storage.kv.add
storage.kv.add("visits", 1)
assert(storage.kv.add("visits", 2) == 3)

--- storage.sql
nominations:insert { nominee = "Tổ 5", year = 2021 }
local rows = storage.sql("select nominee from nomination where year = :year", { year = 2021 })
assert(rows[1].nominee == "Tổ 5")

--- storage.number
assert(storage.number("decision", { year = 2021 }) == 1)
assert(storage.number("decision", { year = 2021 }) == 2)

--- storage.void
local number = storage.number("decision", { year = 2021 })
storage.void("decision", number, "Đánh nhầm", { year = 2021 })
assert(storage.number("decision", { year = 2021 }) == number + 1, "a void number stays taken")

--- table:convert at load
local people_here = storage.table("person_here", { fields = { name = "text!", initial = "text" } })
people_here:convert("initial", function(row) return row.name:sub(1, 1) end) -- when the column comes into being
