return {
  name = "crashme",
  version = "1.0.0",
  api = 1,
  title = { vi = "Thử sự cố", en = "Crash me" },
  needs = { "flow", "storage", "content", "content:publish", "fetch:127.0.0.1" },
}
