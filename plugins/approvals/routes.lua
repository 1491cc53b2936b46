-- What is asked over HTTP: a picture of a chain and of a case, the dry run, and what the check has to say.
--
--   GET /x/approvals/chain/press.svg        GET /x/approvals/case/17.svg
--   GET /x/approvals/chain/press/plan?item=17

local view = require "approvals.view"

local routes = {}

-- What is not there, or not to be seen, is nil: the answer is then 404. "press.svg" is the picture of "press".
local function name_of(param)
  return (param:gsub("%.svg$", ""))
end

function routes.define()
  route.get("/chain/{chain}", {
    title = { vi = "Sơ đồ chuỗi phê duyệt (SVG)", en = "The picture of an approval chain (SVG)" },
    params = { chain = "text" },
    query = { draft = "boolean" },
  }, function(req)
    local svg = view.chain(name_of(req.params.chain), req.query.draft)
    return svg and { svg = svg }
  end)

  route.get("/chain/{chain}/plan", {
    title = { vi = "Chạy thử chuỗi: hỏi ai, ngày nào", en = "The dry run of a chain: who is asked, and when" },
    params = { chain = "text" },
    query = { item = "integer", unit = "unit", from = "instant", draft = "boolean" },
    output = {
      chain = "text", revision = "integer", steps = "json", ends = "text", unsettled = "integer",
      warnings = "list:text",
    },
  }, function(req)
    local made = view.plan(req.params.chain, req.query)
    return made and { json = made }
  end)

  route.get("/chain/{chain}/check", {
    title = { vi = "Chuỗi có dùng được không", en = "Whether a chain can work, and what is amiss" },
    params = { chain = "text" },
    output = { revision = "integer", faults = "list:text", warnings = "list:text" },
  }, function(req)
    local told = view.check(req.params.chain)
    return told and { json = told }
  end)

  route.get("/case/{case}", {
    title = { vi = "Sơ đồ hồ sơ đang phê duyệt (SVG)", en = "The picture of a case and of where it stands (SVG)" },
    params = { case = "text" },
  }, function(req)
    local svg = view.case(name_of(req.params.case), req.user)
    return svg and { svg = svg }
  end)
end

return routes
