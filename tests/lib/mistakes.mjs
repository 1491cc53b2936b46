// Mistakes as authors make them: what stands in init.lua, and what is found. `needs` and `extra` go into the manifest.
export const NEEDS = '{ "flow", "storage", "content", "people", "report", "schedule", "route", "command" }';
export const mistakes = {
  'a function misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  content.gett("article", 1)
end)
`,
    found: ['init.lua:2:3 check.unknown_meant'],
  },
  'an option misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:ask { too = run.id, title = "x", form = { d = "text" } }
end)
`,
    found: ['init.lua:2:13 check.option_meant'],
  },
  'a text for a number': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  content.find("article", {}, { limit = "5" })
end)
`,
    found: ['init.lua:2:41 check.type'],
  },
  'a capability not asked for': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  storage.kv.set("a", 1)
end)
`,
    needs: '{ "flow" }',
    found: ['init.lua:2:3 check.need'],
  },
  'a text misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:note(t"reqest.ask")
end)
`,
    found: ['init.lua:2:13 check.text_meant'],
  },
  'a local of the file assigned in a flow': {
    source: `local n = 0
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  n = n + 1
end)
`,
    found: ['init.lua:3:3 lua.upvalue'],
  },
  'a table of the file changed in a flow': {
    source: `local cache = {}
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  cache[input.n] = true
end)
`,
    found: ['init.lua:1:7 check.w241', 'init.lua:3:3 check.shared'],
  },
  'a global assigned': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  total = input.n
end)
`,
    found: ['init.lua:2:3 check.global'],
  },
  'a global function': {
    source: `function helper() end
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  helper()
end)
`,
    found: ['init.lua:1:10 check.global'],
  },
  'an end forgotten': {
    source: `flow.define("f", {}, function(run, input)
  if input.n then
    run:note("x")
end)
`,
    found: ['init.lua:4:4 check.syntax_open'],
  },
  'a text as the one who is asked': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:ask { to = "boss", title = "x", form = { d = "text" } }
end)
`,
    found: ['init.lua:2:18 check.target'],
  },
  'a key of `to` misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:ask { to = { postion = "head" }, title = "x", form = { d = "text" } }
end)
`,
    found: ['init.lua:2:20 check.target_key_meant'],
  },
  'a type of an input misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integr!" } }, function(run, input)
  return {}
end)
`,
    found: ['init.lua:1:66 field.type'],
  },
  'a type of a column misspelt': {
    source: `local t1 = storage.table("a", { fields = { x = "txt!" } })
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  t1:find {}
end)
`,
    found: ['init.lua:1:48 field.type'],
  },
  'a type of a form misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:ask { to = run.started_by, title = "x", form = { d = "choise:a,b!" } }
end)
`,
    found: ['init.lua:2:60 field.type'],
  },
  'the run forgotten': {
    source: `flow.define("f", { input = { n = "integer!" } }, function(input)
  return { n = input.n }
end)
`,
    found: ['init.lua:1:59 check.run_first'],
  },
  'os.time': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  return { t = os.time() }
end)
`,
    found: ['init.lua:2:16 check.gone_os'],
  },
  'io.open': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  io.open("x")
end)
`,
    found: ['init.lua:2:3 check.gone_io'],
  },
  'a library from outside': {
    source: `require "socket"
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    found: ['init.lua:1:1 check.module_none'],
  },
  'waiting in a handler that may refuse': {
    source: `on("content.before_publish", function(e)
  loop.sleep("1s")
end)
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    found: ['init.lua:2:3 check.wait_hook'],
  },
  'waiting in a comparator': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  local l = { 2, 1 }
  table.sort(l, function(a, b) run:sleep("1s") return a < b end)
end)
`,
    found: ['init.lua:3:32 check.wait_callback'],
  },
  'a run outside of a flow': {
    source: `run:sleep("1d")
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    found: ['init.lua:1:1 check.no_run'],
  },
  'an event misspelt': {
    source: `on("content.publishd", function(e) log.info(e.id) end)
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    found: ['init.lua:1:4 check.event_meant'],
  },
  'an event misspelt in run:wait': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:wait("content.submited", { item = 1 })
end)
`,
    found: ['init.lua:2:12 check.event_meant'],
  },
  'a capability misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    needs: '{ "flow", "storag" }',
    found: ['plugin.lua:3:21 check.need_unknown_meant'],
  },
  'a schedule that is none': {
    source: `schedule.cron("x", "0 25 * * mon", { flow = "f" })
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    found: ['init.lua:1:20 check.cron'],
  },
  'a duration that is none': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:sleep("2 dys")
end)
`,
    found: ['init.lua:2:13 check.duration'],
  },
  'a term that is none': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:ask { to = run.started_by, title = "x", form = { d = "text" }, within = "2 workdays" }
end)
`,
    found: ['init.lua:2:79 check.duration'],
  },
  'a field of the input misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  return { x = input.m }
end)
`,
    found: ['init.lua:2:22 check.input'],
  },
  'a dot for a colon': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run.sleep("1d")
end)
`,
    found: ['init.lua:2:3 check.colon'],
  },
  'a colon for a dot': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  content:get("article", 1)
end)
`,
    found: ['init.lua:2:11 check.dot'],
  },
  'a local not used': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  local x = content.get("article", 1)
end)
`,
    found: ['init.lua:2:9 check.w211'],
  },
  'a schedule of a flow that is not there': {
    source: `schedule.cron("x", "0 7 * * mon", { flow = "nosuch", input = { n = 1 } })
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    found: ['init.lua:1:44 check.flow'],
  },
  'a call of a flow that is not there': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  run:call("nosuch", {})
end)
`,
    found: ['init.lua:2:12 check.flow'],
  },
  'a comma forgotten in the manifest': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    needs: '{ "flow" }',
    extra: "  requires = { approvals = \"1\" }\n  config = {},\n",
    found: ['plugin.lua:5:1 lua.syntax'],
  },
  'a key of the manifest misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)

end)
`,
    needs: '{ "flow" }',
    extra: "  need = {},\n",
    found: ['plugin.lua:4:1 check.manifest_key_meant'],
  },
  'a setting misspelt': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  return { d = config.dayz }
end)
`,
    needs: '{ "flow" }',
    extra: "  config = { days = { \"integer\", default = 2 } },\n",
    found: ['init.lua:2:23 check.config_meant'],
  },
  'a column of a report misspelt': {
    source: `report.define("r", { title = { vi = "R", en = "R" }, columns = { { "a", "intger" } } }, function(p, out)
  out:row { b = 1 }
end)
`,
    found: ['init.lua:1:73 field.type', 'init.lua:2:13 check.column'],
  },
  'writing in a report': {
    source: `report.define("r", { title = { vi = "R", en = "R" }, columns = { { "a", "integer" } } }, function(p, out)
  storage.kv.set("a", 1)
  out:row { a = 1 }
end)
`,
    found: ['init.lua:2:3 check.report_reads'],
  },
  'writing where a route only reads': {
    source: `route.get("/a", function(req)
  storage.kv.set("a", 1)
end)
`,
    found: ['init.lua:2:3 check.route_reads'],
  },
  'waiting in a route': {
    source: `local function answer(req)
  loop.sleep("1s")
end
route.post("/a", answer)
`,
    needs: '{ "route" }',
    found: ['init.lua:2:3 check.wait_route'],
  },
  'a field of a route misspelt': {
    source: `route.post("/a/{n}", { params = { n = "intger" }, input = { x = "txt!" }, acces = "public" }, function(req) end)
`,
    found: ['init.lua:1:39 field.type', 'init.lua:1:65 field.type', 'init.lua:1:75 check.option_meant'],
  },
  'writing in a command that does not say so': {
    source: `command.define("a", { args = { x = "txt" } }, function(args)
  storage.kv.set("a", 1)
  loop.sleep("1d")
end)
command.define("b", function() storage.kv.set("a", 1) end)
command.define("c", { writes = true }, function() storage.kv.set("a", 1) end)
`,
    found: ['init.lua:1:36 field.type', 'init.lua:2:3 check.command_reads', 'init.lua:3:3 check.wait_command', 'init.lua:5:32 check.command_reads'],
  },
  'a field of a table misspelt': {
    source: `local t1 = storage.table("a", { fields = { x = "text!" } })
flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  t1:insert { y = "1" }
end)
`,
    found: ['init.lua:3:15 check.field'],
  },
  'a value of a text misspelt': {
    source: `flow.define("f", {}, function(run)
  run:note(t("ask", { whom = "x" }))
end)
`,
    found: ['init.lua:2:12 check.text_value_meant'],
  },
  'load': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  load("x")()
end)
`,
    found: ['init.lua:2:3 check.gone_load'],
  },
  'a bracket forgotten': {
    source: `flow.define("f", { title = { vi = "F", en = "F" }, input = { n = "integer!" } }, function(run, input)
  for i = 1, 10 do
    print(i
  end
end)
`,
    found: ['init.lua:4:3 check.syntax'],
  },
  'loop in a flow': {
    source: `flow.define("f", {}, function()
  loop.sleep("1s")
end)
`,
    found: ['init.lua:2:3 check.loop_in_run'],
  },
  'a field of a row forgotten': {
    source: `local noms = storage.table("noms", { fields = { who = "text!", year = "integer!" } })
flow.define("f", {}, function()
  noms:insert { who = "x" }
end)
`,
    found: ['init.lua:3:15 check.field_missing'],
  },
  'a module without its plugin': {
    source: `require "steps"
flow.define("f", {}, function() end)
`,
    found: ['init.lua:1:1 check.module_own'],
  },
  'an argument forgotten': {
    source: `flow.define("f", {}, function()
  content.get("article")
end)
`,
    found: ['init.lua:2:3 check.argument_missing'],
  },
  'a method of the run misspelt': {
    source: `flow.define("f", {}, function(run)
  run:aks { to = run.started_by, title = "x" }
end)
`,
    found: ['init.lua:2:7 check.unknown_meant'],
  },
};
