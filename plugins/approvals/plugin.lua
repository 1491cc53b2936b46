return {
  name = "approvals",
  version = "1.2.0",
  api = 1,
  title = { vi = "Chuỗi phê duyệt", en = "Approval chains" },
  needs = { "content", "storage", "flow", "people", "route", "command" },
  config = {
    chains_approved = { type = "boolean", default = false,
      doc = "A chain that is set up as data must be approved by somebody else before it is published." },
    on_submit = { type = "boolean", default = false,
      doc = "Chains may begin by themselves when an item is handed in (their field starts)." },
  },
}
