return {
  name = "rates",
  version = "1.0.0",
  api = 1,
  title = { vi = "Tỷ giá", en = "Exchange rates" },
  needs = { "flow", "storage", "schedule", "fetch:rates.example.org" },
}
