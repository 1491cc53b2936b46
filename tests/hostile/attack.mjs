// Attacks: small Lua files in the folders beside this one. Each becomes a plugin of its own, so that what it does to its
// Lua state touches no other.
//
//   -- expect: limit.time          what must come of it: `survives` (the code runs to its end: what must be refused, it
//                                  asserts itself), `goes on`, or the key of the error, or a text in the error; several: a | b
//   -- mode: run                   where the code runs:
//        run      a flow                              hook    a before_* hook, inside a flow's step
//        loop     a job of loop.spawn                 report  a report, on a reader
//        get, post  a route: on a reader, on the lane
//        load     it is init.lua                      manifest, locale: it is plugin.lua, locale/vi.lua
//   -- needs: "storage", "people"  other capabilities than the usual ones
//   -- manifest: limits = {…}      more keys of the manifest
//   -- wait: 1000                  as long as it may take to be over, ms
//   -- keeps: yes                 what it wrote before a wait stays
//   --- chunk                      from here to `--- attack`: code beside the function
//   --- file NAME                  from here on: another file of the plugin
//   @@1000[text]                   the text a thousand times
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const NEEDS = '"flow", "storage", "content", "content:publish", "people", "report", "schedule", "route"';
const LATE = ['load', 'manifest', 'locale'];

const wrapped = {
  run: (chunk, body) => `local mark = storage.table("mark", { fields = { n = "integer" } })
${chunk}
flow.define("attack", { title = "x", retry = { times = 0 } }, function(run, input)
mark:insert { n = 1 }
${body}
end)
`,
  hook: (chunk, body, name) => `local mark = storage.table("mark", { fields = { n = "integer" } })
${chunk}
on("${name}.before_attack", function(e)
${body}
end)
flow.define("attack", { title = "x", retry = { times = 0 } }, function(run)
  mark:insert { n = 1 }
  events.emit("${name}.before_attack", { n = 1 })
end)
`,
  loop: (chunk, body, name) => `local mark = storage.table("mark", { fields = { n = "integer" } })
${chunk}
local function attack()
mark:insert { n = 1 }
${body}
end
on("${name}.before_attack", function()
  loop.spawn(function() attack() log.info("survives") end)
end)
flow.define("attack", { title = "x", retry = { times = 0 } }, function() events.emit("${name}.before_attack", {}) end)
`,
  get: (chunk, body) => `${chunk}
route.get("/attack", function(req)
${body}
end)
`,
  post: (chunk, body) => `local mark = storage.table("mark", { fields = { n = "integer" } })
${chunk}
route.post("/attack", function(req)
mark:insert { n = 1 }
${body}
end)
`,
  report: (chunk, body, name) => `${chunk}
report.define("${name}", { title = "x", columns = { { "a", "text" } } }, function(p, out)
${body}
end)
`,
};

// { name, group, mode, expect, wait, files: { path: text } }
export function parse(group, file, short) {
  const text = short.replace(/@@(\d+)\[([^\]]*)\]/g, (_, n, piece) => piece.repeat(n));
  const name = `${group}_${file.replace(/\.lua$/, '')}`, head = {};
  for (const line of text.split('\n')) {
    const m = /^-- (expect|mode|needs|manifest|wait|keeps): (.*)$/.exec(line);
    if (!m) break;
    head[m[1]] = m[2].trim();
  }
  if (!head.expect) throw new Error(`${group}/${file}: no line -- expect:`);
  const mode = head.mode ?? 'run', [first, ...more] = text.split(/^--- file /m), files = {};
  for (const part of more) files[part.slice(0, part.indexOf('\n')).trim()] = part.slice(part.indexOf('\n') + 1);
  const [before, body] = first.includes('--- attack\n') ? first.split('--- attack\n') : ['', first];
  const init = wrapped[mode]?.(before, body, name);
  if (!init && !LATE.includes(mode)) throw new Error(`${group}/${file}: no mode ${mode}`);
  const manifest = `return {\n  name = "${name}",\n  version = "1",\n  api = 1,\n  needs = { ${head.needs ?? NEEDS} },\n  ${head.manifest ?? ''}\n}\n`;
  files['plugin.lua'] ??= mode === 'manifest' ? first : manifest;
  files['init.lua'] ??= mode === 'load' ? first : init ?? '';
  if (mode === 'locale') files['locale/vi.lua'] = first;
  return { name, group, mode, expect: head.expect, wait: Number(head.wait ?? 3000), keeps: head.keeps, isLate: LATE.includes(mode), files };
}

export function attacks() {
  const all = [];
  for (const group of readdirSync(HERE, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name).sort())
    for (const file of readdirSync(join(HERE, group)).filter((f) => f.endsWith('.lua')).sort())
      all.push(parse(group, file, readFileSync(join(HERE, group, file), 'latin1')));
  return all;
}

// The files are bytes: what is not UTF-8 is part of some attacks.
export function install(plugins, attack) {
  for (const [path, text] of Object.entries(attack.files)) {
    const file = join(plugins, attack.name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(text, 'latin1'));
  }
}
