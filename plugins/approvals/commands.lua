-- The same as over HTTP, for the console of the machine:
--
--   khung x chain-check chain=news
--   khung x chain-plan chain=news item=17
--   khung x chain-svg chain=news > news.svg

local plan = require "approvals.plan"
local view = require "approvals.view"

local commands = {}

local function there(value)
  if value == nil then error { code = "not_found.chain", message = t "view.nothing" } end
  return value
end

local function told(report)
  local lines = {}
  for _, fault in ipairs(report.faults) do lines[#lines + 1] = t("view.fault", { what = fault }) end
  for _, warning in ipairs(report.warnings) do lines[#lines + 1] = t("view.warning", { what = warning }) end
  lines[#lines + 1] = t(#report.faults > 0 and "view.cannot" or "view.can", { revision = report.revision })
  return table.concat(lines, "\n")
end

function commands.define()
  command.define("chain-check", {
    doc = { vi = "Chuỗi phê duyệt có dùng được không", en = "Whether an approval chain can work, and what is amiss" },
    args = { chain = "text!" },
  }, function(args) return told(there(view.check(args.chain))) end)

  command.define("chain-plan", {
    doc = { vi = "Chạy thử chuỗi: sẽ hỏi ai, vào ngày nào", en = "Dry run of a chain: who is asked, when" },
    args = { chain = "text!", item = "integer", unit = "unit", from = "instant", draft = "boolean" },
  }, function(args) return plan.text(there(view.plan(args.chain, args))) end)

  command.define("chain-svg", {
    doc = { vi = "Sơ đồ của một chuỗi phê duyệt (SVG)", en = "The picture of an approval chain (SVG)" },
    args = { chain = "text!", draft = "boolean" },
  }, function(args) return there(view.chain(args.chain, args.draft)) end)

  command.define("case-svg", {
    doc = { vi = "Sơ đồ của một hồ sơ (SVG)", en = "The picture of a case and of where it stands (SVG)" },
    args = { case = "text!" },
  }, function(args) return there(view.case(args.case)) end)
end

return commands
