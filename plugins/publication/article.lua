-- What an article is, and what it must have before anybody is asked to read it.

local article = {}

---@return table spec for content.type
function article.type()
  return {
    label = { vi = "Bài viết", en = "Article" },
    fields = {
      title = { "text!", title = { vi = "Tiêu đề", en = "Title" } },
      lead = { "text", title = { vi = "Sapô", en = "Lead" } },
      body = { "markdown!", title = { vi = "Nội dung", en = "Text" } },
      byline = { "text", title = { vi = "Bút danh", en = "Byline" } },
      source = { "unit", title = { vi = "Đơn vị cung cấp", en = "Source" } },
      dated = { "date", title = { vi = "Ngày của bài", en = "Date of the text" } },
      unit = { "unit", title = { vi = "Đơn vị", en = "Unit" } },
      publish_at = { "instant", title = { vi = "Giờ đăng", en = "To be published at" } },
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

-- As people know them, in the reader's language.
local function titles()
  local map = {}
  for _, field in ipairs(content.fields "article") do map[field.name] = field.title end
  return map
end

---Refuses an article that is handed in without the fields that this office wants.
---@param event { item: integer, type: string }
function article.check(event)
  if event.type ~= "article" then return end
  local item = content.get("article", event.item)
  local missing, title_of = {}, titles()
  for _, field in ipairs(config.required or {}) do
    if is_empty(item[field]) then missing[#missing + 1] = title_of[field] or field end
  end
  if #missing > 0 then
    error {
      code = "publication.incomplete",
      message = t("incomplete", { title = item:title(), fields = table.concat(missing, ", ") }),
    }
  end
end

return article
