local import = require "thanh_hoa.import"

local sample = table.concat({
  "Thanh Hóa: Một dòng tiêu đề", "", "04/01/2021", "Đoạn dẫn của bài.", "", "Đoạn một.", "", "Đoạn hai.", "",
  "Văn phòng Hội LHPN tỉnh Thanh Hóa", "", "TÂM ĐIỂM", "", "Video",
}, "\n")

describe("import", function()
  it("takes title, date, lead, paragraphs and byline, and leaves the page around them out", function(t)
    local fields = import.parse(sample)
    t:expect(fields.title == "Thanh Hóa: Một dòng tiêu đề")
    t:expect(fields.dated == date.parse("2021-01-04"))
    t:expect(fields.lead == "Đoạn dẫn của bài.")
    t:expect(fields.body == "Đoạn một.\n\nĐoạn hai.")
    t:expect(fields.byline == "Văn phòng Hội LHPN tỉnh Thanh Hóa")
  end)

  it("reads files with the line ends of other systems", function(t)
    t:expect(import.parse((sample:gsub("\n", "\r\n"))).body == "Đoạn một.\n\nĐoạn hai.")
  end)

  it("does not take a sentence for the byline", function(t)
    local text = sample:gsub("Đoạn hai", "Văn phòng đã họp")
    t:expect(import.parse(text).body == "Đoạn một.\n\nVăn phòng đã họp.")
  end)

  it("says which part is missing", function(t)
    for key, text in pairs {
      empty = "\n \n",
      date = "Tiêu đề\n\nĐoạn dẫn.",
      lead = "Tiêu đề\n04/01/2021",
      body = "Tiêu đề\n04/01/2021\nĐoạn dẫn.\nVăn phòng Hội",
      byline = "Tiêu đề\n04/01/2021\nĐoạn dẫn.\nĐoạn một.",
      unit = sample,
    } do
      local run = flow.get(t:start("import", { text = text, unit = "nowhere" }))
      t:expect(run.error.code == "thanh_hoa." .. key, key)
    end
  end)
end)
