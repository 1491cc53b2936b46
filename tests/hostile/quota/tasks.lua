-- expect: survives
-- manifest: limits = { tasks = 2 },
local function ask()
  local ok, err = pcall(run.ask, run, { to = people.person("boss"), title = "T", form = { decision = "choice:yes,no!" } })
  if ok then return "answered" end
  assert(err.message:find("2", 1, true) and err.remedy:find("limits", 1, true), err.message)
  return err.code
end
local _, code = run:any { a = ask, b = ask, c = ask }
assert(code == "limit.tasks", code)
