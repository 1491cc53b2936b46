-- The whole way of an article in this organisation, once returned.

local function holder(position, unit, person)
  return { position = position, unit = unit, person = person, from = "2020-01-01" }
end

local org = {
  units = {
    { code = "tinh", name = "Tỉnh", kind = "province", from = "2020-01-01" },
    { code = "vp", name = "Văn phòng", kind = "office", parent = "tinh", from = "2020-01-01" },
    { code = "ban-tg", name = "Ban Tuyên giáo", kind = "board", parent = "tinh", from = "2020-01-01" },
  },
  positions = {
    { code = "board_head", title = "Trưởng ban", roles = { "editor" } },
    { code = "office_head", title = "Chánh Văn phòng", roles = { "editor" } },
    { code = "vice_chair", title = "Phó Chủ tịch", roles = { "editor" } },
    { code = "chair", title = "Chủ tịch", roles = { "editor" } },
  },
  persons = {
    { code = "ctv", name = "Cộng tác viên" },
    { code = "truongban", name = "Trưởng ban" },
    { code = "vanphong", name = "Chánh Văn phòng" },
    { code = "phochutich", name = "Phó Chủ tịch" },
    { code = "chutich", name = "Chủ tịch" },
  },
  holders = {
    holder("board_head", "ban-tg", "truongban"),
    holder("office_head", "vp", "vanphong"),
    holder("vice_chair", "tinh", "phochutich"),
    holder("chair", "tinh", "chutich"),
  },
  role_holders = {
    { role = "author", person = "ctv", unit = "ban-tg", from = "2020-01-01" },
  },
  calendar = { { year = 2021, holidays = { "2021-01-01" } } },
}

local sample = [[
Thanh Hóa: Tổng kết năm

04/01/2021
Đoạn dẫn.

Phòng chống dịch COVID - 19.

Văn phòng Hội LHPN tỉnh Thanh Hóa
]]

local function decide(t, position, user, answer)
  t:expect_task(nil, { position = position }):decide(user, answer)
end

local function import_file(t, text)
  return flow.get(t:as("ctv"):start("import", { text = text })).result
end

describe("publish", function()
  it("goes through board, office and vice chair, is returned once, and comes out at eight", function(t)
    t:org(org)
    t:clock("2021-01-04 06:00")
    local id = import_file(t, sample).item
    t:start("publish", { article = id })

    decide(t, "board_head", "truongban", { decision = "return", comment = "Sửa theo kết quả soát lỗi." })
    local history = content.history(content.get("article", id))
    t:expect(history[#history].reason:find("COVID-19", 1, true) ~= nil)

    local again = import_file(t, (sample:gsub("COVID %- 19", "COVID-19")))
    t:expect(again.item == id and not again.created)
    decide(t, "board_head", "truongban", { decision = "approve" })
    decide(t, "office_head", "vanphong", { decision = "approve" })
    decide(t, "vice_chair", "phochutich", { decision = "approve" })

    t:clock("2021-01-04 07:59")
    t:expect(content.get("article", id, { published = true }) == nil)
    t:clock("2021-01-04 08:00")
    t:expect(content.get("article", id).state == "published")
  end)

  it("leaves a draft that nobody has read yet a draft when its file is imported again", function(t)
    t:org(org)
    t:clock("2021-01-04 06:00")
    local id = import_file(t, sample).item
    import_file(t, (sample:gsub("COVID %- 19", "COVID-19")))
    t:expect(content.get("article", id).state == "draft")
    t:expect(content.get("article", id).body == "Phòng chống dịch COVID-19.")
  end)
end)
