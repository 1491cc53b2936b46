-- expect: denied.flow
-- mode: load
schedule.cron("x", "* * * * *", { flow = "good.note", input = { n = 1 } })
