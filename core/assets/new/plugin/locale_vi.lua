return {
  ["request.ask"] = "Đề nghị duyệt: {subject}",
}
