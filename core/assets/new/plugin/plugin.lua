return {
  name = "{{name}}",
  version = "0.1.0",
  api = 1,
  title = { vi = "{{name}}", en = "{{name}}" },
  needs = { "flow" },
}
