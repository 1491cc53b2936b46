-- Examples of loop.*, timer:*, job:*, channel:*, schedule.* (see content.lua for how they are read).

--- loop.after in a job
loop.after("10s", function() log.info("ten seconds later") end)

--- loop.every at load
local timer = loop.every("1m", function() storage.kv.add("minutes", 1) end)

--- timer:stop in a job
local timer = loop.every("1m", function() end)
timer:stop()

--- loop.cron at load
loop.cron("0 7 * * mon-fri", function() log.info("good morning") end)

--- loop.spawn in a job
local job = loop.spawn(function()
  loop.sleep("1s")
  return 7
end)
assert(job:wait() == 7)

--- job:wait in a job
local job = loop.spawn(function() error { code = "mine.x", message = "no" } end)
local ok, err = pcall(job.wait, job)
assert(not ok and err.code == "mine.x", "waiting raises what the job raised")

--- loop.sleep in a job
local before = date.now()
loop.sleep("2s")
assert(date.now() > before)

--- loop.fetch in a job
local ok, err = pcall(loop.fetch, { url = "https://example.org/", timeout = "10s" })
assert(not ok and err.code) -- needs = { "fetch:example.org" } in plugin.lua

--- loop.channel in a job
local channel = loop.channel(2)
loop.spawn(function() channel:put("a") end)
assert(channel:take() == "a")

--- channel:put in a job
local channel = loop.channel(1)
loop.spawn(function() assert(channel:take() == 1) end)
channel:put(1)

--- channel:take in a job
local channel = loop.channel(1)
assert(channel:take { within = "1s" } == nil, "nothing came")

--- channel:close in a job
local channel = loop.channel(1)
loop.spawn(function() channel:close() end)
assert(channel:take() == nil)

--- loop.watch in a job
local ok, err = pcall(loop.watch, "/srv/inbox", function(file) log.info(file.name) end)
assert(not ok and err.code) -- needs = { "watch:/srv/inbox" } in plugin.lua

--- schedule.cron at load
schedule.cron("weekly", "0 7 * * mon", { flow = "greet", input = { name = "Lan" }, missed = "run_once" })

--- schedule.at
schedule.at("farewell", date.add(run:now(), "2d"), { flow = "greet", input = { name = "Lan" } })

--- schedule.cancel
schedule.at("farewell", "1d", { flow = "greet", input = { name = "Lan" } })
assert(schedule.cancel("farewell") and not schedule.cancel("farewell"))

--- schedule.list
schedule.at("farewell", "1d", { flow = "greet", input = { name = "Lan" } })
assert(#schedule.list() == 1)

--- schedule.run_now
local id = schedule.at("farewell", "1d", { flow = "greet", input = { name = "Lan" } })
schedule.run_now(id)
