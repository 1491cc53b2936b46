-- Articles, and the way of an article to the public: approved step by step, then published at its hour.

local article = require "publication.article"
local publish = require "publication.publish"

content.type("article", article.type())

on("content.before_submit", article.check)

flow.define("publish", {
  title = { vi = "Xuất bản bài viết", en = "Publish an article" },
  input = { article = "ref:article!", chain = "text", steps = "json" },
}, publish.run)
