return {
  name = "thanh_hoa",
  version = "1.0.0",
  api = 1,
  title = { vi = "Hội LHPN tỉnh Thanh Hóa", en = "Women's Union of Thanh Hóa" },
  needs = { "content", "flow", "people" },
  requires = { publication = ">=1.0" },
}
