return {
  name = "reminder",
  version = "1.0.0",
  api = 1,
  title = { vi = "Nhắc việc", en = "Reminders" },
  needs = { "flow" },
}
