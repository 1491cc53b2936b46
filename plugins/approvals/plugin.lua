return {
  name = "approvals",
  version = "1.0.0",
  api = 1,
  title = { vi = "Chuỗi phê duyệt", en = "Approval chains" },
  needs = { "content", "storage", "flow", "people" },
}
