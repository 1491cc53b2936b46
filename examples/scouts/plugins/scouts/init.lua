-- What is special to this organisation: who reads an article, how a panel appoints, awards that nobody asks for.

local appoint = require "scouts.appoint"
local service = require "scouts.service"
local steps = require "scouts.steps"

flow.define("publish", {
  title = { vi = "Xuất bản tin bài", en = "Publish an article" },
  input = { article = "ref:article!" },
}, function(run, input)
  return run:call("publication.publish", { article = input.article, steps = steps })
end)

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
