-- What an article is, and what it must have before anybody is asked to read it.

local article = {}

---@return table spec for content.type
function article.type()
  return {
    label = { vi = "Bài viết", en = "Article" },
    fields = {
      title = "text!",
      lead = "text",
      body = "markdown!",
      byline = "text",
      source = "unit",
      dated = "date",
      unit = "unit",
      publish_at = "instant",
    },
    title = "title",
    slug = "title",
    unit = true,
    approval = true,
    index = { { "-dated" }, { "source", "-dated" } },
    lint = { words = config.lint_words },
  }
end

local function is_empty(value)
  return value == nil or (type(value) == "string" and not value:find("%S"))
end

---Refuses an article that is handed in without the fields that this office wants.
---@param event { item: integer, type: string }
function article.check(event)
  if event.type ~= "article" then return end
  local item = content.get("article", event.item)
  local missing = {}
  for _, field in ipairs(config.required or {}) do
    if is_empty(item[field]) then missing[#missing + 1] = field end
  end
  if #missing > 0 then
    error {
      code = "publication.incomplete",
      message = t("incomplete", { title = item:title(), fields = table.concat(missing, ", ") }),
    }
  end
end

return article
