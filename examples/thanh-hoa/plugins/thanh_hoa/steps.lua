-- The procedure on the office wall: the board looks at the content, the office at the form, the vice chair decides.

return {
  {
    name = "content",
    title = "Duyệt nội dung: {title}",
    to = { position = "board_head", unit = "item" },
    within = "2 working days",
    remind = "1 day before",
    escalate = { position = "vice_chair" },
    lint = true,
  },
  {
    name = "form",
    title = "Duyệt thể thức: {title}",
    to = { position = "office_head" },
    within = "2 working days",
    remind = "1 day before",
    escalate = { position = "vice_chair" },
    may_return_to = "content",
  },
  {
    name = "leave",
    title = "Cho phép đăng: {title}",
    to = { position = "vice_chair" },
    within = "2 working days",
    escalate = { position = "chair" },
  },
}
