return {
  ["none"] = "Chưa có tỷ giá nào và cũng không lấy được.",
}
