-- Awards: rounds, nominations, the council's vote, decisions with numbers, the register of honours.
-- Which awards there are, their quotas and the share of votes that they need is data.

local nominate = require "awards.nominate"
local rounds = require "awards.rounds"

flow.define("open_round", {
  title = { vi = "Mở đợt xét khen thưởng", en = "Open a round of awards" },
  input = rounds.fields,
}, rounds.open)

flow.define("nominate", {
  title = { vi = "Đề nghị khen thưởng", en = "Nominate for an award" },
  input = {
    round = "integer!",
    unit = "unit!",
    proposer = "person!",
    nominee = "text!",
    kind = "choice:collective,individual!",
    achievement = "text!",
    statement = "text!",
  },
  forms = nominate.forms,
}, nominate.run)
