return {
  ["step.editor"] = "Duyệt bài: {title}",
  ["status.waits"] = "Đã duyệt, chờ đến giờ đăng: {title}",
  ["incomplete"] = "Chưa thể gửi bài “{title}”; còn thiếu: {fields}.",
}
