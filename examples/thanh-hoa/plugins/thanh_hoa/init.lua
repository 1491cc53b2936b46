-- What is special to this organisation: who reads an article, and how its articles come as text files.

local import = require "thanh_hoa.import"
local steps = require "thanh_hoa.steps"

flow.define("publish", {
  title = { vi = "Xuất bản tin bài", en = "Publish an article" },
  input = { article = "ref:article!" },
}, function(run, input)
  return run:call("publication.publish", { article = input.article, steps = steps })
end)

-- khung content import article FILE --with thanh_hoa.import
flow.define("import", {
  title = { vi = "Nhập tin bài từ tệp", en = "Import an article from a file" },
  input = { type = "text", text = "text!", unit = "text", publish_at = "instant" },
}, import.run)
