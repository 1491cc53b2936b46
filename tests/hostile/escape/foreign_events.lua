-- expect: survives
for _, name in ipairs { "content.published", "content.before_publish", "task.decided", "flow.done", "good.note", "good.before_x",
  "escape_foreign_event.x", "escape_foreign_events", "escape_foreign_eventsx.y", "", ".", "escape_foreign_events\0.x" } do
  assert(not pcall(events.emit, name, {}), name)
end
