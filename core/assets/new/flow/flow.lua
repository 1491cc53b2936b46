-- {{name}}: {{:flow}}
flow.define("{{name}}", {
  title = { vi = "{{name}}", en = "{{name}}" },
  input = { subject = "text!", who = "person!" },
}, function(run, input)
  local answer = run:ask {
    to = input.who,
    title = t("{{name}}.ask", { subject = input.subject }),
    form = { decision = "choice:approve,return!", comment = "text" },
    within = "2 working days",
    on_timeout = "return",
  }
  return { approved = answer.decision == "approve", comment = answer.comment, timed_out = answer.timed_out }
end)
