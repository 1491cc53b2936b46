-- Examples of content.*, item:*. A line `--- NAME` begins one; `at load`, `in a job`, `in a report` say where it stands
-- (else: in a flow, with `run`). tests/unit/cli/test_examples.c runs each of them.

--- content.type at load
content.type("notice", {
  fields = { title = "text!", body = "markdown!", signed_on = "date" },
  title = "title", unit = true, index = { { "-signed_on" } },
})

--- content.create
local item = content.create("article", { title = "Mười hộ thoát nghèo", body = "Một.", unit = people.unit("commune") })
assert(item.state == "draft" and item.revision == 1)

--- content.fields
local fields = content.fields("article")
assert(fields[1].name == "body" and fields[1].type == "markdown" and fields[1].required)

--- content.get
local id = new_article().id
local item = content.get("article", id)
assert(item.title == "Mười hộ thoát nghèo")
assert(content.get("article", id, { published = true }) == nil, "nobody sees a draft from outside")

--- content.edit
local item = new_article()
local edited = content.edit(item, { body = "Một, hai." }, { revision = item.revision })
assert(edited.revision == 2)
local ok, err = pcall(content.edit, item, { body = "Ba." }, { revision = 1 })
assert(not ok and err.code == "conflict.revision")

--- content.find
new_article { title = "Một" }
new_article { title = "Hai" }
local page = content.find("article", { state = "draft" }, { order = "-changed_at", limit = 1 })
assert(#page == 1 and page.next, "there is more: pass { after = page.next }")

--- content.search
new_article { title = "Đề án năm 2021" }
assert(content.search("de an", { type = "article" })[1].title == "Đề án năm 2021")

--- content.submit
local item = content.submit(new_article())
assert(item.state == "in_review")

--- content.approve
local item = content.submit(new_article())
local answer = run:ask {
  to = people.person("editor"), title = "Review " .. item:title(), about = item,
  form = { decision = "choice:approve,return!" },
}
content.approve(item, { by = answer })
assert(content.get("article", item.id).state == "approved")

--- content.send_back
local item = content.submit(new_article())
content.send_back(item, "Thiếu số liệu", { fields = { body = "Bao nhiêu hộ?" } })
assert(content.get("article", item.id).state == "draft")

--- content.schedule
local item = approved(run, content.submit(new_article()))
content.schedule(item, date.add(run:now(), "2d"), { until_ = date.add(run:now(), "30d") })
assert(content.get("article", item.id).state == "scheduled")

--- content.publish
local item = content.publish(approved(run, content.submit(new_article())))
assert(item.state == "published" and item:url() == "/article/muoi-ho-thoat-ngheo")

--- content.correct
local item = content.publish(approved(run, content.submit(new_article())))
local corrected = content.correct(item, { body = "Mười một hộ." }, "Sửa số hộ")
assert(corrected.state == "in_review", "the type asks for approval: what is public stays until then")

--- content.retract
local item = content.publish(approved(run, content.submit(new_article())))
assert(content.retract(item, "Nhầm ảnh").state == "retracted")

--- content.archive
assert(content.archive(new_article(), "Không dùng").state == "archived")

--- content.history
local item = content.submit(new_article())
local all = content.history(item)
assert(#all >= 2, "created, handed in")
assert(content.history(item, { sort = "-id", limit = 1 })[1].id == all[#all].id)

--- content.diff
local item = new_article { body = "Một." }
content.edit(item, { body = "Hai." })
local changes = content.diff(item, 1, 2)
assert(changes[1].field == "body" and changes[1].before == "Một." and changes[1].after == "Hai.")

--- content.lint
for _, finding in ipairs(content.lint(new_article { body = "Tốt tốt." })) do
  log.info(finding.message, { field = finding.field, at = finding.offset })
end

--- content.authors
local item = content.submit(new_article())
for _, person in ipairs(content.authors(item)) do
  log.info("is not asked", { person = person })
end

--- content.overdue
for _, late in ipairs(content.overdue()) do
  log.warn("not published in time", { item = late.item, why = late.reason })
end
assert(#content.overdue { limit = 1, sort = "-tries" } <= 1)

--- item:title
assert(new_article { title = "Hai" }:title() == "Hai")

--- item:url
assert(new_article { title = "Đề án" }:url() == "/article/de-an")
