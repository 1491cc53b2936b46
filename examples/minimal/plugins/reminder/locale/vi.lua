return {
  ["remind"] = "Nhắc: {what}",
}
