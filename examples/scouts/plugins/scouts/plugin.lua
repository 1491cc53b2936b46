return {
  name = "scouts",
  version = "1.0.0",
  api = 1,
  title = { vi = "Hướng đạo Đèn lồng", en = "The Lantern Scouts" },
  needs = { "storage", "flow", "people", "schedule" },
  config = {
    service_years = { type = "list:integer", default = { 5, 10, 15, 20, 25, 30, 40, 50 },
      doc = "After how many years of service an award is given." },
    panel_days = { type = "duration", default = "10 working days", doc = "The term of a panel." },
  },
}
