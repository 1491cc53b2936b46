-- What plugins may name: the host's globals, and in specs those of the test runner.
std = "lua54"
max_line_length = 120
self = false
include_files = { "plugins/**/*.lua", "examples/**/*.lua", "tests/**/*.lua" }

-- What the sandbox takes away is not there for luacheck either.
not_globals = {
  "io", "os", "package", "load", "loadfile", "loadstring", "dofile", "debug", "collectgarbage",
}

read_globals = {
  "command", "config", "content", "date", "events", "flow", "id", "json", "log", "loop", "mail", "number", "on",
  "page", "people", "report", "route", "schedule", "storage", "t", "text",
}

files["**/spec/*_spec.lua"] = {
  read_globals = { "after_each", "before_each", "describe", "it", "pending", "task" },
}
