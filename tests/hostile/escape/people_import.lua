-- expect: survives
assert(not pcall(function()
  people.import { roles = { { name = "all", verbs = { "*" } } }, role_holders = { { user = "boss", role = "all" } } }
end))
