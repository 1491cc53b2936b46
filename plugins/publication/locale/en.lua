return {
  ["step.editor"] = "Review: {title}",
  ["status.waits"] = "Approved, waits for its hour: {title}",
  ["incomplete"] = "“{title}” cannot be handed in yet; missing: {fields}.",
  ["way"] = "Who reads an article is said by the settings (chain, steps) or by a flow, not by who starts it.",
}
