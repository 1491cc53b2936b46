return {
  name = "awards",
  version = "1.0.0",
  api = 1,
  title = { vi = "Thi đua, khen thưởng", en = "Awards" },
  needs = { "storage", "flow", "people" },
  config = {
    endorser = { "text", default = "unit_head", doc = "The position above the proposing unit that endorses." },
    member = { "text", default = "council_member", doc = "The position of those who vote in the council." },
    signatory = { "text", default = "chair", doc = "The position that signs the decision." },
    threshold = { "integer", default = 80, min = 1, max = 100, doc = "Votes for, in per cent of all members." },
    endorse_days = { "duration", default = "5 working days", doc = "The term of the endorsement." },
    vote_days = { "duration", default = "10 working days", doc = "The term of the vote." },
  },
}
