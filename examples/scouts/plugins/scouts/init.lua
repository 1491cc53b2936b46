-- What is special to this organisation: how a panel appoints, awards that nobody asks for. Who reads an article is no
-- Lua: it is the chain "news", which an editor has set up (chains/news.json).

local appoint = require "scouts.appoint"
local service = require "scouts.service"

flow.define("appoint", {
  title = { vi = "Bổ nhiệm", en = "Appoint a leader" },
  input = appoint.fields,
}, appoint.run)

flow.define("long_service", {
  title = { vi = "Kỷ niệm chương phục vụ lâu năm", en = "Long-service awards" },
  input = { on = "date" },
}, service.run)

-- Each 2 January, for the year that has ended.
schedule.cron("long_service", "0 6 2 1 *", { flow = "long_service" })
