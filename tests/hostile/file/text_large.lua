-- expect: limit
--- chunk
local papers = storage.table("paper", { fields = { scan = "file" } })
--- attack
papers:insert { scan = { id = 1, name = ("x"):rep(2 << 20) } }
