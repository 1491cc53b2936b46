-- Examples of flow.*, run:* (see content.lua for how they are read).

--- flow.define at load
-- A form that run:ask is given may be told beforehand: so it stands in the OpenAPI document before anything is asked. A
-- form that is only made when it is asked stands in there while its task is open, for those who may see that task, and
-- GET /api/tasks/ID/form tells that of any task as JSON Schema.
local leave = { decision = "choice:approve,return!", days = "integer", comment = "text" }
flow.define("remind", {
  title = "Remind", input = { text = "text!", unit = "unit" },
  retry = { times = 3, pause = "1m" },
  -- At most ten at the same time for each unit; the others wait for their turn, in the order of their starts. What is
  -- paused in the middle of its work keeps its turn. What runs already when the limit is declared counts.
  limit = { key = "unit", running = 10 },
  search = { "unit" },                    -- flow.find { flow = "remind", unit = … }
  forms = { leave = leave },
}, function(run, input)
  run:sleep("1d")
  run:ask { to = people.person("editor"), title = input.text, form = leave }
end)

--- flow.start
local one = flow.start("greet", { name = "Lan" }, { id = "greet-lan" })
local two = flow.start("greet", { name = "Lan" }, { id = "greet-lan" })
assert(one == two, "the same id starts nothing twice")

--- flow.get
local greeting = flow.start("greet", { name = "Lan" })
run:sleep("1m")
assert(flow.get(greeting).state == "completed" and flow.get(greeting).result == "Chào Lan")

--- flow.find
flow.start("patient")
run:sleep("1m")
assert(#flow.find({ flow = "patient" }, { limit = 10 }) == 1)
-- A flow with search = { "name" } is found by that, too: flow.find { flow = "greet", name = "Lan" }

--- flow.signal
local patient = flow.start("patient")
flow.signal(patient, "office.opened", { by = "Lan" }, { key = "once" })
run:sleep("1m")
assert(flow.get(patient).result.by == "Lan")

--- flow.cancel
local patient = flow.start("patient")
flow.cancel(patient, "Không cần nữa")
assert(flow.get(patient).state == "cancelled")

--- run:ask
local answer = run:ask {
  to = people.person("editor"), title = "Holiday on Friday?",
  form = { decision = "choice:approve,return!", comment = "text" },
  within = "2 working days", remind = "1 day before", see = "/x/reference/holidays", -- its page links to this route
}
assert(answer.decision == "approve" or answer.timed_out)

--- run:ask_all
-- need: "all" (so it is without one), "any", or how many must approve. Of any, or of so many, each human counts once: who holds
-- two of the places, acts for another in one of them, or has two accounts, answers one. Of all each place speaks for itself.
local said = run:ask_all({
  { to = people.person("editor"), title = "Agree?", form = { decision = "choice:approve,return!" } },
  { to = people.person("chief"), title = "Agree?", form = { decision = "choice:approve,return!" } },
}, { need = 1 }) -- with part = { "title" } in an ask, an edit of other fields leaves its answer as it is
assert(said.approved)

--- run:vote
-- threshold and quorum: "80%" and "2/3" are at least that, ">1/2" is more than half, 5 is five votes; ">1/2" if not said.
-- of: of all members (without those who take no part) or of those who voted. absent: "written" waits for them until the
-- term and then counts them by of; "not_counted" leaves them out; "against" counts them as votes against.
-- Who is not in present has no ballot, but with absent = "written". An abstention is a vote for neither side.
-- A motion passes by its first option; of three or more the one with most votes wins if it reaches the threshold.
-- returns: who is against may say on the ballot (return_to) where it goes back to; the result's return_to is what most of
-- them said, of two that as many said the first. remind: each who has not voted; of a secret vote
-- without its quorum nothing is opened: it has no counts. part: an edit of other fields leaves the ballots as they are, unless a member wrote it; else the vote is void.
local outcome = run:vote {
  voters = { people.person("editor"), people.person("chief") }, title = "Shall the article appear?",
  quorum = "2/3", threshold = "80%", absent = "against", secret = true, within = "3 working days",
  remind = "1 day before", returns = { "editor", "author" },
}
assert(outcome.passed == false or outcome.counts.approve == 2) -- with its quorum it has counts
log.info(outcome.minutes)

--- run:sleep
local before = run:now()
run:sleep("3d")
assert(date.between(before, run:now(), "days") == 3)

--- run:sleep_until
local item = new_article { publish_at = date.add(run:now(), "2d") }
run:sleep_until { item, "publish_at" } -- a new date moves it
assert(run:now() >= item.publish_at)

--- run:wait
local event = run:wait("office.opened", { unit = "commune" }, { within = "1h" })
assert(event == nil, "nobody told of it within the hour")

--- run:call
assert(run:call("greet", { name = "Lan" }) == "Chào Lan")
-- Refused (flow.turn_circle) where the called flow has a limit, and who has its turn waits for one that is kept here.

--- run:all
local results = run:all {
  one = function() return run:call("greet", { name = "Lan" }) end,
  two = function() run:sleep("1d") return "later" end,
}
assert(results.one == "Chào Lan" and results.two == "later")

--- run:any
local name, result = run:any {
  fast = function() run:sleep("1h") return "first" end,
  slow = function() run:sleep("1d") return "last" end,
}
assert(name == "fast" and result == "first")

--- run:fetch
local ok, err = pcall(function()
  return run:fetch { url = "https://example.org/", method = "POST", json = { text = "Chào" }, timeout = "10s" }
end)
assert(not ok and err.code == "denied.capability", "needs = { \"fetch:example.org\" } in plugin.lua")

--- run:compensate
run:compensate("greet", { name = "Lan" }) -- runs if this run is cancelled or fails

--- run:checkpoint
local round = (run.state and run.state.round or 0) + 1
if round < 3 then run:checkpoint { round = round } end
assert(round == 3, "entered three times, with a journal that stays short")

--- run:note
run:note("The list was sent on paper.")

--- run:status
run:status("waiting for the district")

--- run:now
assert(run:now() >= date.parse("2021-01-01 00:00"))

--- flow.patched
if flow.patched("ask-the-board-too") then
  run:note("runs that began with this source come here")
else
  error("a run that is on its way since before the change goes here")
end
