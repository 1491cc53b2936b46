return {
  name = "publication",
  version = "1.1.0",
  api = 1,
  title = { vi = "Xuất bản", en = "Publication" },
  needs = { "content", "content:publish", "flow" },
  requires = { approvals = ">=1.1" },
  config = {
    chain = { type = "text", doc = "Who approves: the address of an approval chain that was set up as data." },
    steps = { type = "json", doc = "Without a chain: who approves, as steps of approvals.chain. Empty: an editor." },
    lint_words = { type = "json", doc = "Slips for the lint: { slip = right } or { slip = { to =, except = } }." },
    required = { type = "list:text", doc = "Fields that an article must have to be handed in, beside title and body." },
  },
}
