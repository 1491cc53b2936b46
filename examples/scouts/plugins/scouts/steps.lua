-- Four levels are too many for an article: the group leader reads it, then the commissioner of the district above.

return {
  {
    name = "group",
    title = "Read: {title}",
    to = { position = "group_leader", unit = "item" },
    within = "3 working days",
    remind = "1 day before",
    escalate = { position = "district_commissioner", above = "item" },
    lint = true,
  },
  {
    name = "district",
    title = "Allow to publish: {title}",
    to = { position = "district_commissioner", above = "item" },
    within = "2 working days",
    may_return_to = "group",
  },
}
