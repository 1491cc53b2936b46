return {
  ["award_summary.none"] = "Năm {year} không có đề nghị nào.",
  ["approval_times.none"] = "Năm {year} chưa có quyết định nào.",
}
