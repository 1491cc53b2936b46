return {
  ["remind"] = "Remember: {what}",
}
