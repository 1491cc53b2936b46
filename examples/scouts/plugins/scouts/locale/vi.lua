return {
  ["appoint.task"] = "{panel}: bổ nhiệm {person}?",
  ["appoint.panel"] = "Không có tập thể {panel}.",
  ["appoint.nobody"] = "Không ai trong {panel} được biểu quyết việc này.",
}
