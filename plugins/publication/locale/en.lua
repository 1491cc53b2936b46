return {
  ["step.editor"] = "Review: {title}",
  ["status.waits"] = "Approved, waits for its hour: {title}",
  ["incomplete"] = "“{title}” cannot be handed in yet; missing: {fields}.",
}
