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
    round = { "integer!", title = { vi = "Đợt xét", en = "Round" } },
    unit = { "unit!", title = { vi = "Đơn vị đề nghị", en = "Nominating unit" } },
    proposer = { "person!", title = { vi = "Người đề nghị", en = "Proposer" } },
    nominee = { "text!", title = { vi = "Tập thể, cá nhân được đề nghị", en = "Nominee" } },
    kind = {
      "choice:collective,individual!", title = { vi = "Loại", en = "Kind" },
      titles = { collective = { vi = "Tập thể", en = "Group" }, individual = { vi = "Cá nhân", en = "Person" } },
    },
    achievement = { "text!", title = { vi = "Thành tích", en = "Achievement" } },
    statement = { "text!", title = { vi = "Tóm tắt thành tích", en = "Statement" } },
  },
  forms = nominate.forms,
}, nominate.run)
