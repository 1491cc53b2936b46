-- Approval chains for content of any type. A chain is data: an item of the type approvals_chain, which an administrator
-- writes and publishes (README.md); or steps that a flow has worked out:
--
--   run:call("approvals.chain", { type = "article", item = article.id, chain = "press" })
--   run:call("approvals.chain", {
--     type = "article", item = article.id,
--     steps = {
--       { name = "content", title = "Read: {title}", to = { position = "editor", unit = "item" },
--         within = "2 working days", lint = true },
--       { name = "form", title = "Form: {title}", to = { position = "office_head" }, may_return_to = "content" },
--     },
--   })

local case = require "approvals.case"
local chain = require "approvals.chain"
local commands = require "approvals.commands"
local definition = require "approvals.definition"
local import = require "approvals.import"
local routes = require "approvals.routes"
local steps = require "approvals.steps"

content.type(definition.type())

for _, verb in ipairs { "submit", "schedule", "publish" } do
  on("content.before_" .. verb, definition.verify)
end

flow.define("chain", {
  title = { vi = "Chuỗi phê duyệt", en = "Approval chain" },
  input = { type = "text!", item = "integer!", steps = "json", chain = "text" },
  forms = { reading = steps.form {} },
}, function(run, input)
  return chain.run(run, input, definition.pin(input))
end)

flow.define("case", {
  title = { vi = "Phê duyệt theo chuỗi", en = "Approval by a chain" },
  input = { type = "text!", item = "integer!", chain = "text!" },
  forms = { reading = steps.form {} },
}, case.run)

flow.define("import", {
  title = { vi = "Nhập chuỗi phê duyệt từ tệp", en = "Import an approval chain from a file" },
  input = { type = "text", text = "text!" },
  retry = { times = 0 },
}, import.run)

if config.on_submit then on("content.submitted", case.on_submit) end

routes.define()
commands.define()
