// Mistakes in declarations of fields, patterns and targets, as in mistakes.mjs. `org` is an organisation file beside the plugins.
const form = (fields) => `flow.define("f", {}, function(run)
  run:ask { to = run.started_by, title = "x", form = {
    ${fields},
  } }
end)
`;
const org = { positions: [{ code: 'chief_editor', title: 'Chief' }], roles: [{ name: 'treasurer', verbs: [] }] };
const asks = (to) => `flow.define("f", {}, function(run)
  run:ask { to = ${to}, title = "x" }
end)
`;

export const fields = {
  'a default that is no choice': { source: form('d = { "choice:yes,no", default = "yse" }'), found: ['init.lua:3:38 check.default_choice_meant'] },
  'a default of another type': { source: form('d = { "integer", default = "two" }'), found: ['init.lua:3:32 check.default'] },
  'a default that is no duration': { source: form('d = { "duration", default = "2 dys" }'), found: ['init.lua:3:33 check.default'] },
  'a default outside its limits': { source: form('d = { "integer", min = 1, max = 5, default = 9 }'), found: ['init.lua:3:50 check.default_range'] },
  'limits between which there is nothing': { source: form('d = { "number", min = 9, max = -1.5 }'), found: ['init.lua:3:36 check.limits'] },
  'a limit in quotes': { source: form('d = { "integer", min = "1" }'), found: ['init.lua:3:28 check.limit'] },
  'choices without any': { source: form('d = "choice:!", e = "choice"'), found: ['init.lua:3:9 check.choice_empty', 'init.lua:3:25 check.choice_empty'] },
  'a choice that is empty': { source: form('d = "choice:a,,b"'), found: ['init.lua:3:9 check.choice_empty'] },
  'a choice twice': { source: form('d = "choice:yes,no,yes!"'), found: ['init.lua:3:9 check.choice_twice'] },
  'a title of a choice that is not there': { source: form('d = { "choice:yes,no", titles = { yse = "Yes" } }'), found: ['init.lua:3:39 check.titles_meant'] },
  'a field without a type': { source: form('d = { title = "D" }'), found: ['init.lua:3:9 check.field_typeless'] },
  'a field without a name': { source: form('"text!"'), found: ['init.lua:3:5 check.field_nameless'] },
  'a field whose type is a number': { source: form('d = 5'), found: ['init.lua:3:9 field.type'] },
  'what is said of a field misspelt': { source: form('d = { "text", pattern = "[", titel = "D" }'), found: ['init.lua:3:19 check.field_option', 'init.lua:3:34 check.field_option_meant'] },
  'a type of files that there is not': { source: form('d = { "list:file", types = { "aplication/pdf", "image/*" } }'), found: ['init.lua:3:34 check.media_meant'] },
  'types of files that are none': { source: form('d = { "file", types = { 5, nil, "image/png" } }'), found: ['init.lua:3:29 check.media_text', 'init.lua:3:32 check.list_hole'] },
  'types of what is no file': { source: form('d = { "text", types = { "image/png" } }'), found: ['init.lua:3:27 check.types_no_file'] },
  'a reference to a type misspelt': {
    source: `content.type("article", { fields = { title = "text!", like = "ref:artcle", more = "list:ref:round" }, title = "title" })
storage.table("rounds", { fields = { a = "ref:article!" } })
`,
    found: ['init.lua:1:62 check.ref_meant', 'init.lua:1:83 check.ref_meant'],
  },
  'a form declared beforehand': { source: 'flow.define("f", { forms = { read = { d = "chioce:a" } } }, function() end)\n', found: ['init.lua:1:43 field.type'] },
  'a default in a column of a table': { source: 'storage.table("a", { fields = { n = { "boolean", default = "no" } } })\n', found: ['init.lua:1:60 check.default'] },
  'a pattern that is malformed': {
    source: `command.define("a", function(args)
  if args.x:find("[") or string.match(args.x, "(a") then return args.x:gsub("%", "") end
  return args.x:find("[", 1, true), args.x:match("^[%w_]+$")
end)
`,
    found: ['init.lua:2:18 check.pattern', 'init.lua:2:47 check.pattern', 'init.lua:2:77 check.pattern'],
  },
  'a position misspelt': { source: asks('{ position = "cheif_editor" }'), org, found: ['init.lua:2:31 check.position_meant'] },
  'a position that nobody has': { source: asks('{ { position = "chief_editor" }, { position = "astronaut" } }'), org, found: ['init.lua:2:64 check.position'] },
  'a role misspelt': { source: asks('{ { role = "tresurer" }, { role = "editor" } }'), org, found: ['init.lua:2:29 check.role_meant'] },
  'a role that nobody has': { source: asks('{ role = "astronaut" }'), org, found: ['init.lua:2:27 check.role'] },
  'a hole in whom is asked': { source: asks('{ run.started_by, nil, run.started_by }'), found: ['init.lua:2:36 check.list_hole'] },
};
