return {
  name = "publication",
  version = "1.0.0",
  api = 1,
  title = { vi = "Xuất bản", en = "Publication" },
  needs = { "content", "content:publish", "flow" },
  requires = { approvals = ">=1.0" },
  config = {
    steps = { type = "json", doc = "Who approves, in order: steps of approvals.chain. Empty: an editor." },
    lint_words = { type = "json", doc = "Slips for the lint: { slip = right } or { slip = { to =, except = } }." },
    required = { type = "list:text", doc = "Fields that an article must have to be handed in, beside title and body." },
  },
}
