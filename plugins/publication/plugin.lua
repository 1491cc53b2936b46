return {
  name = "publication",
  version = "1.0.0",
  api = 1,
  title = { vi = "Xuất bản", en = "Publication" },
  needs = { "content", "content:publish", "flow" },
  requires = { approvals = ">=1.0" },
  config = {
    steps = { "json", doc = "Who approves an article, in which order: steps of approvals.chain. Empty: an editor." },
    lint_words = { "json", doc = "Slips that the lint marks: { slip = right } or { slip = { to =, except = } }." },
    required = { "list:text", doc = "Fields that an article must have to be handed in, beside title and body." },
  },
}
