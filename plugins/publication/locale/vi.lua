return {
  ["step.editor"] = "Duyệt bài: {title}",
  ["status.waits"] = "Đã duyệt, chờ đến giờ đăng: {title}",
  ["incomplete"] = "Chưa thể gửi bài “{title}”; còn thiếu: {fields}.",
  ["way"] = "Ai đọc bài do thiết lập (chain, steps) hoặc một quy trình quy định, không phải do người khởi chạy.",
}
