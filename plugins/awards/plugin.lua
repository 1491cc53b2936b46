return {
  name = "awards",
  version = "1.0.0",
  api = 1,
  title = { vi = "Thi đua, khen thưởng", en = "Awards" },
  needs = { "storage", "flow", "people" },
  config = {
    endorser = { type = "text", default = "unit_head", doc = "The position above the proposing unit that endorses." },
    member = { type = "text", default = "council_member", doc = "The position of those who vote in the council." },
    signatory = { type = "text", default = "chair", doc = "The position that signs the decision." },
    threshold = { type = "integer", default = 80, min = 1, max = 100, doc = "Votes for, in per cent of all members." },
    endorse_days = { type = "duration", default = "5 working days", doc = "The term of the endorsement." },
    vote_days = { type = "duration", default = "10 working days", doc = "The term of the vote." },
  },
}
