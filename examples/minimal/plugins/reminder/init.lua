-- The smallest plugin that is useful: on a day, somebody is reminded of something; a day later again, until it is done.

flow.define("remind", {
  title = { vi = "Nhắc việc", en = "Remind somebody" },
  input = { who = "person!", what = "text!", at = "instant!" },
}, function(run, input)
  run:sleep_until(input.at)

  local times, answer = 0
  repeat
    times = times + 1
    answer = run:ask {
      to = input.who,
      title = t("remind", { what = input.what }),
      form = { decision = "choice:done,later!" },
      within = "1d",
      on_timeout = "return",
    }
    if answer.decision == "later" then run:sleep("1d") end
  until answer.decision == "done"

  return { times = times }
end)
