return {
  ["import.empty"] = "Tệp không có nội dung.",
  ["import.date"] = "Dòng thứ hai phải là ngày, dạng dd/mm/yyyy.",
  ["import.lead"] = "Sau dòng ngày tháng phải có đoạn dẫn.",
  ["import.body"] = "Sau đoạn dẫn phải có ít nhất một đoạn nội dung.",
  ["import.byline"] = "Thiếu dòng ghi nguồn “Văn phòng …” ở cuối bài.",
  ["import.unit"] = "Không có đơn vị nào mang mã này.",
}
