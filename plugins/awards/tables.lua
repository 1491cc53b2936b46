-- What awards keep. The register is read by reports and by other plugins.

local tables = {}

tables.round = storage.table("round", {
  fields = {
    year = "integer!",
    award = "text!",
    authority = "text!",
    council = "unit!",
    quota = "integer",
    closes_on = "date",
  },
  unique = { { "year", "award", "council" } },
  export = true,
})

tables.nomination = storage.table("nomination", {
  fields = {
    round = "ref:round!",
    year = "integer!",
    unit = "unit!",
    proposer = "person!",
    nominee = "text!",
    kind = "choice:collective,individual!",
    achievement = "text!",
    achievement_key = "text!",
    statement = "text!",
    state = "choice:proposed,endorsed,voted,granted,refused!",
    reason = "text",
    votes_for = "integer",
    votes_of = "integer",
    run = "integer!",
  },
  -- One achievement gets one award.
  unique = { { "achievement_key" } },
  index = { { "year", "unit" }, { "round", "state" } },
  export = true,
})

tables.honour = storage.table("honour", {
  fields = {
    nomination = "ref:nomination!",
    round = "ref:round!",
    year = "integer!",
    award = "text!",
    authority = "text!",
    recipient = "text!",
    kind = "choice:collective,individual!",
    unit = "unit!",
    unit_name = "text!",
    statement = "text!",
    decision_number = "integer!",
    decided_on = "date!",
    signatory = "person!",
    capacity = "text!",
    status = "choice:granted,revoked,replaced!",
  },
  unique = { { "nomination" }, { "year", "decision_number" } },
  index = { { "year", "unit" }, { "round" } },
  export = true,
})

return tables
