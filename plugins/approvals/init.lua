-- Approval chains for content of any type. The steps are data:
--
--   run:call("approvals.chain", {
--     type = "article", item = article.id,
--     steps = {
--       { name = "content", title = "Read: {title}", to = { position = "editor", unit = "item" },
--         within = "2 working days", lint = true },
--       { name = "form", title = "Form: {title}", to = { position = "office_head" }, may_return_to = "content" },
--     },
--   })

local chain = require "approvals.chain"

flow.define("chain", {
  title = { vi = "Chuỗi phê duyệt", en = "Approval chain" },
  input = { type = "text!", item = "integer!", steps = "json!" },
}, chain.run)
