return {
  name = "reports",
  version = "1.0.0",
  api = 1,
  title = { vi = "Báo cáo", en = "Reports" },
  needs = { "storage", "report" },
  requires = { approvals = ">=1.0", awards = ">=1.0" },
}
