return {
  ["request.ask"] = "Please decide: {subject}",
}
