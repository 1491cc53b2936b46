// The OpenAPI document: valid by the specification's own schema, as large as the table of routes, and true: every operation is done in a
// live service (tests/lib/routes.mjs has what is sent to each), and what it answers is what the document says, member by member.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Browser, PASSWORD, browser, mails, resetToken, setPassword, totp } from '../lib/browser.mjs';
import { EXCHANGES, ELSEWHERE } from '../lib/routes.mjs';
import { TOP, folder, pause, plugin, serve, write } from '../lib/khung.mjs';

const require = createRequire(join(TOP, 'build/npm/package.json'));
const { Validator } = await import(pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')));
const Ajv = require('ajv/dist/2020').default;

const SOURCE = `
content.type("note", { fields = { title = "text!", kind = { "choice:plan,report", title = { vi = "Loại", en = "Kind" } } }, title = "title" })
local rows = storage.table("row", { fields = { n = "integer!" } })
on("content.before_publish", function(e)
  if content.get("note", e.item).title == "Never" then error { code = "mine.bad", message = "Never" } end
end)
flow.define("work", { title = "Work", input = { n = "integer!", unit = "unit", days = "list:integer" } }, function(run, input)
  rows:insert { n = input.n }
end)
flow.define("asks", { title = "Asks", input = {} }, function(run)
  return run:ask { to = { position = "head", unit = "office" }, title = "Yes?" }.decision
end)
flow.define("about", { title = "About", input = { id = "integer!" } }, function(run, input)
  return run:ask { to = { position = "head", unit = "office" }, title = "Good?", help = "Read it", about = content.get("note", input.id), within = "2 working days", form = { decision = "choice:approve,return!" } }.decision
end)
flow.define("votes", { title = "Votes", input = {} }, function(run)
  return run:vote { voters = { people.person("boss"), people.person("mate") }, title = "Yes?", within = "3 working days" }
end)
flow.define("fails", { title = "Fails", input = {}, retry = { times = 0 } }, function() error { code = "mine.bad", message = "Bad" } end)
schedule.cron("daily", "0 7 * * *", { flow = "work", input = { n = 1 } })
schedule.cron("held", "0 7 1 1 *", { flow = "work", input = { n = 1, text = "Held Person, Held Other" } })
report.define("rows", { params = { least = "integer!" }, columns = { { "n", "integer" } } }, function(p, out)
  for _, r in ipairs(rows:find { n = { ">=", p.least } }) do out:row { r.n } end
end)

route.get("/rows/{id}", { title = { vi = "Một dòng", en = "One row" }, params = { id = "integer" }, query = { day = "date" }, output = { n = "integer!", day = "date", unit = "unit", at = "instant", days = "list:integer" } },
  function(req) return { json = { n = req.params.id, day = date.parse("2021-01-04"), unit = people.unit("office"), at = date.now(), days = {} } } end)
route.get("/rows", { access = "public", output = { { id = "integer!", n = "integer!", version = "integer" } } }, function() return { json = rows:find {} } end)
route.post("/rows", { input = { n = { "integer!", title = { vi = "Số", en = "Number" } } }, output = { id = "integer!" } },
  function(req) return { status = 201, json = { id = rows:insert { n = req.json.n } } } end)
route.get("/picture", { output = "svg" }, function() return { svg = "<svg/>" } end)
route.put("/any/{key}", function(req) return { text = req.params.key } end)
`;

const NEEDS = '{ "flow", "storage", "content", "people", "report", "route", "schedule" }';
const SPARE = 'local rows = storage.table("row", { fields = { n = "integer!" } })';

let s, doc, ajv, ids, mate, made = 0;
const done = new Set(); // operations that were seen to be done

const ORG = {
  units: [{ code: 'wing', name: 'Wing', kind: 'office', parent: 'office', from: '2020-01-01' }],
  persons: [{ code: 'mate', name: 'Mate', email: 'mate@example.vn' }, { code: 'gone', name: 'Gone Person', email: 'gone@example.vn' }, { code: 'lost', name: 'Lost Person' }, { code: 'seen', name: 'Seen Person' }, { code: 'held1', name: 'Held Person' }, { code: 'held2', name: 'Held Other' }],
  holders: [{ position: 'head', unit: 'office', person: 'mate', from: '2020-01-01' }],
  bodies: [{ code: 'board', name: 'Board', unit: 'office' }],
  body_members: [{ body: 'board', person: 'mate', capacity: 'chair', from: '2020-01-01' }],
};

before(async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: NEEDS });
  plugin(dir, 'spare', SPARE, { needs: '{ "storage" }' });
  s = await serve({ dir, config: { lang: 'en', mail_server: 'smtp://127.0.0.1:9', mail_tls: 'off', mail_from: 'khung@example.vn' } });
  await s.admin();
  for (const role of ['auditor', 'organiser', 'editor', 'operator', 'privacy']) await s.must('user', 'role', 'boss', role);
  write(join(dir, 'more.json'), JSON.stringify(ORG));
  await s.must('org', 'import', join(dir, 'more.json'));
  await s.must('user', 'add', 'mate', '--person', 'mate');
  await s.must('user', 'role', 'mate', 'all');
  mate = (await s.must('user', 'token', 'mate')).token;
  const note = (await s.request('POST', '/api/content/note', { title: 'One', kind: 'plan' })).json;
  const run = (await s.request('POST', '/api/runs', { flow: 'office.asks', input: {} })).json;
  const task = (await s.must('task', 'list', '--user', 'boss'))[0];
  const file = (await s.request('POST', '/api/files?name=a.txt', 'some text')).json;
  ids = { content: note.id, runs: run.id, tasks: task.id, files: file.id, users: 999 };
  doc = (await s.request('GET', '/api/openapi.json')).json;
  ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'doc', components: doc.components });
});
after(() => s?.stop());

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(doc);
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, '3.1');
});

// The tables of routes are the one way in: what stands in none of them is answered by nobody.
const TABLES = ['routes.c', 'own_routes.c', 'auth_routes.c'];
const LOCAL = 'POST /rpc'; // over the socket in the data directory alone

function routes() {
  const all = TABLES.flatMap((file) => [...readFileSync(join(TOP, 'core/http', file), 'utf8').matchAll(/\{"(GET|POST|PATCH|PUT|DELETE)",\s+"([^"]+)"/g)]);
  return all.map(([, method, path]) => ({ method: method.toLowerCase(), path: path.replace(/:(\w+)/g, '{$1}'), name: `${method} ${path}` })).filter((r) => r.name !== LOCAL);
}

test('every route of the tables stands in it, nothing else does, and every operation is known by one name', () => {
  const known = new Set();
  for (const { method, path, name } of routes()) {
    assert.ok(doc.paths[path]?.[method], name);
    known.add(`${method} ${path}`);
  }
  assert.ok(known.size > 100);
  for (const [path, p] of Object.entries(doc.paths))
    for (const method of Object.keys(p)) assert.ok(known.has(`${method} ${path}`) || /^\/(api\/reports\/\w+$|x\/)/.test(path), `${method} ${path}`);
  const shapes = Object.keys(doc.paths).map((path) => path.replace(/\{\w+\}/g, '{}'));
  assert.equal(new Set(shapes).size, shapes.length, 'no two paths differ by the names of their parameters alone');
  const names = Object.values(doc.paths).flatMap((p) => Object.values(p)).map((o) => o.operationId);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]\w+$/, 'good as a name in any language');
});

test('every operation has a sentence that is true over REST, and stands under the first member of its path, in both languages', async () => {
  const ops = Object.entries(doc.paths).flatMap(([path, p]) => Object.entries(p).map(([method, o]) => [path, `${method} ${path}`, o]));
  for (const [path, name, o] of ops) {
    assert.ok(o.summary?.length > 3, name);
    // No table of Lua, no nil, no name that Lua alone writes so, and no call of the Lua API.
    assert.doesNotMatch(o.summary.replace(/"[^"]*"/g, ''), /\w+ =|\bnil\b|\w_\b|\b(task|user|audit|content|run|people|flow)\.[a-z_]+/, name);
    const parts = path.split('/').slice(1), plugin = parts[0] === 'x';
    assert.deepEqual(o.tags, [parts[0] === 'api' ? parts[1] : plugin ? `x/${parts[1]}` : parts[0] === 'auth' ? 'auth' : 'pages'], name);
  }
  const named = [...new Set(ops.flatMap(([, , o]) => o.tags))].sort(), vi = (await s.request('GET', '/api/openapi.json', undefined, { 'accept-language': 'vi' })).json;
  for (const d of [doc, vi]) {
    assert.deepEqual(d.tags.map((t) => t.name).sort(), named);
    for (const t of d.tags) assert.ok(t.description.length > 5 && !t.description.startsWith('openapi.'), JSON.stringify(t));
  }
  assert.equal(doc.tags.find((t) => t.name === 'x/office').description, 'What the plugin office declares.');
  assert.equal(vi.tags.find((t) => t.name === 'runs').description, 'Các lần chạy của quy trình.');
  assert.equal(doc.paths['/api/reports/rows'].get.summary, 'rows');
});

test('each operation tells each part of its path once, and asks nothing by one name twice', () => {
  for (const [path, p] of Object.entries(doc.paths))
    for (const [method, o] of Object.entries(p)) {
      const all = (o.parameters ?? []).map(part).map((x) => `${x.in} ${x.name}`), name = `${method} ${path}`;
      assert.equal(new Set(all).size, all.length, name);
      const parts = [...path.matchAll(/\{(\w+)\}/g)].map((m) => `path ${m[1]}`);
      assert.deepEqual(all.filter((x) => x.startsWith('path ')).sort(), parts.sort(), name);
    }
  const needs = (path, method) => doc.paths[path][method].requestBody.required;
  assert.deepEqual([needs('/api/runs', 'post'), needs('/api/users/{name}', 'patch'), needs('/api/users/{name}/tokens', 'post')], [true, true, false]);
  assert.deepEqual(doc.servers, [{ url: `http://127.0.0.1:${s.port}` }]);
});

test('routes of plugins are in it, with their values, and who may ask', () => {
  const one = doc.paths['/x/office/rows/{id}'].get, all = doc.paths['/x/office/rows'];
  assert.equal(one.summary, 'One row');
  assert.deepEqual(one.parameters.map((p) => [p.name, p.in, p.required, p.schema.type]), [['id', 'path', true, 'integer'], ['day', 'query', false, 'string']]);
  assert.deepEqual(one.responses['2XX'].content['application/json'].schema.properties.unit, { $ref: '#/components/schemas/Unit' });
  assert.deepEqual(all.get.security, [{ bearer: [] }, { session: [] }, {}]);
  assert.deepEqual(one.security, [{ bearer: [] }, { session: [] }]);
  assert.equal(all.post.requestBody.content['application/json'].schema.properties.n.title, 'Number');
  assert.ok(doc.paths['/x/office/picture'].get.responses['2XX'].content['image/svg+xml']);
});

test('forms that may bring files say so, and what a query must have is told', () => {
  const kinds = (path) => Object.keys(doc.paths[path].post.requestBody.content);
  for (const path of ['/t/{token}', '/tasks/{id}', '/tasks/decide']) assert.deepEqual(kinds(path), ['application/x-www-form-urlencoded', 'multipart/form-data'], path);
  assert.deepEqual(kinds('/account/password'), ['application/x-www-form-urlencoded']);
  assert.deepEqual(doc.paths['/api/find'].get.parameters.map((p) => [p.name, p.required]), [['kind', true], ['name', true]]);
});

test('no path is answered beside the tables', () => {
  const odd = readdirSync(join(TOP, 'core/http')).filter((f) => f.endsWith('.c')).flatMap((f) => readFileSync(join(TOP, 'core/http', f), 'utf8').split('\n')
    .filter((line) => /str(n)?cmp\(\w*r(equest)?->path, "/.test(line)).map((line) => `${f}: ${line.trim()}`));
  // Below /auth/ all is the table's; below /api/ nothing is a file.
  assert.deepEqual(odd.filter((l) => !/"\/(auth|api)\/"/.test(l)), []);
});

test('each operation says who may ask: a token or a session with its word; what all may ask is told so', () => {
  const { bearer, session, csrf } = doc.components.securitySchemes;
  assert.deepEqual([bearer.scheme, session.in, session.name, csrf.in, csrf.name], ['bearer', 'cookie', 'khung', 'header', 'X-CSRF-Token']);
  assert.deepEqual(doc.paths['/api/runs'].post.security, [{ bearer: [] }, { session: [], csrf: [] }]);
  assert.deepEqual(doc.paths['/api/runs'].get.security, [{ bearer: [] }, { session: [] }]);
  assert.deepEqual(doc.paths['/auth/login'].post.security, []);
  assert.deepEqual(doc.paths['/api/content/{type}'].get.security, [{ bearer: [] }, { session: [] }, {}]);
  assert.deepEqual(doc.paths['/auth/password'].post.security, [{ session: [], csrf: [] }]);
});

test('types, flows and reports of plugins are in it, with their fields', () => {
  const schemas = doc.components.schemas;
  assert.deepEqual(schemas['content.note'].required, ['title']);
  assert.deepEqual(schemas['content.note'].properties.kind.enum, ['plan', 'report']);
  assert.equal(schemas['content.note'].properties.kind.title, 'Kind');
  assert.deepEqual(schemas['input.office.work'].properties.days, { type: 'array', items: { type: 'integer' } });
  const report = doc.paths['/api/reports/rows'].get.parameters.find((p) => p.name === 'least');
  assert.equal(report.required, true);
});

// A value for a parameter of a path: something that is there, where there is such a thing.
function value(path, name) {
  const noun = path.split('/')[2];
  if (path.startsWith('/x/')) return 7;
  if (name === 'type') return 'note';
  if (name === 'id') return ids[noun] ?? 1;
  if (noun === 'users') return 'boss';
  return { name: noun === 'reports' ? 'rows' : 'office', person: 1, token: 'x' }[name] ?? 'x';
}

const part = (x) => (x?.$ref ? x.$ref.split('/').slice(1).reduce((at, key) => at[key], doc) : x);

// Every member is told: an object whose schema names members has no others, unless it says that it may, and one whose schema names none says so.
function told(schema, v, where) {
  const of = part(schema);
  if (v === null || Object.keys(of).length === 0) return;
  if (of.anyOf) {
    const wrong = of.anyOf.map((one) => {
      try {
        told(one, v, where);
        return null;
      } catch (e) {
        return e;
      }
    });
    if (wrong.every(Boolean)) throw wrong[0];
    return;
  }
  if (Array.isArray(v)) {
    assert.equal(of.type, 'array', where);
    assert.ok(of.items, `${where}: what its items are is not told`);
    v.forEach((x, i) => told(of.items, x, `${where}[${i}]`));
  } else if (typeof v === 'object') {
    assert.ok(of.properties || of.additionalProperties, `${where}: its members are not told: ${JSON.stringify(v).slice(0, 600)}`);
    const odd = of.additionalProperties ? [] : Object.keys(v).filter((k) => !of.properties[k]);
    assert.ok(odd.length === 0, `${where}: ${odd} are not told: ${JSON.stringify(v).slice(0, 600)}`);
    for (const [k, x] of Object.entries(v)) if (of.properties?.[k]) told(of.properties[k], x, `${where}.${k}`);
  }
}

// No object has a key twice: parsers differ in what they make of it.
const keysOf = (v) => (v && typeof v === 'object' ? (Array.isArray(v) ? 0 : Object.keys(v).length) + Object.values(v).reduce((n, x) => n + keysOf(x), 0) : 0);
const keysIn = (text) => [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter((m) => m[1]).length;

// The answer is told: its status, its type, its shape, and each of its members.
function conforms(method, path, r) {
  const o = doc.paths[path][method.toLowerCase()], name = `${method} ${path}: ${r.status}`, range = `${Math.floor(r.status / 100)}XX`;
  const is = o.responses[r.status] ?? o.responses[range];
  assert.ok(r.status >= 400 || is, `${name} is not among ${Object.keys(o.responses)}`);
  const said = part(is ?? o.responses.default), type = r.headers['content-type']?.split(';')[0];
  if (r.status < 400 && r.status !== 304) done.add(`${method.toUpperCase()} ${path}`);
  if (r.status === 204) assert.equal(r.text, '', name);
  if (r.status === 204 || Math.floor(r.status / 100) === 3 || (type === 'text/html' && r.status >= 400)) return;
  if (r.status >= 400) assert.equal(type, 'application/problem+json', name);
  const schema = (said.content?.[type] ?? said.content?.['*/*'])?.schema;
  assert.ok(schema, `${name} ${type} is not told`);
  if (!/json$/.test(type)) return;
  assert.equal(keysIn(r.text), keysOf(r.json), `${name}: a key comes twice: ${r.text.slice(0, 600)}`);
  const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components')));
  assert.ok(check(r.json), `${name}: ${JSON.stringify(check.errors?.[0])} ${r.text.slice(0, 600)}`);
  assert.ok(Object.keys(part(schema)).length > 0, `${name}: its shape is not told`);
  told(schema, r.json, name);
}

// What may be anything, and why; a name ends where the members of the schema would begin.
const ANYTHING = {
  'Run.input': 'as its flow declares it: schema input.PLUGIN.FLOW',
  'Run.result': 'what the flow gave back',
  'GET /api/runs[].input': 'as its flow declares it: schema input.PLUGIN.FLOW',
  'GET /api/runs[].result': 'what the flow gave back',
  'GET /api/runs/{id}/history[].result': 'what the call of that step gave',
  'GET /api/runs/{id}/history[].refused': 'why the call of that step was refused, as the flow saw it',
  'POST /api/runs/upgrade.runs[].journal_args': 'what a call of the flow was given',
  'POST /api/runs/upgrade.runs[].code_args': 'what a call of the flow was given',
  'Field.default': 'of the field\'s own type',
  'GET /api/content/{type}/{id}/history[].detail': 'what the verb had besides, by verb',
  'GET /api/content/{type}/{id}/diff[].before': 'of the field\'s own type',
  'GET /api/content/{type}/{id}/diff[].after': 'of the field\'s own type',
  'GET /api/audit.items[].before': 'of the thing that was changed',
  'GET /api/audit.items[].after': 'of the thing that was changed',
  'GET /api/tasks/{id}/form': 'is a JSON Schema itself',
  'GET /api/openapi.json': 'is this document',
  'ImportCell.raw': 'what stands in the cell',
  'ImportCell.value': 'as the cell was read: by its column',
  'ImportChange.before': 'of the cell\'s own column',
  'ImportChange.after': 'of the cell\'s own column',
  'GET /api/org/export.*[]': 'the rows that POST /api/org/import takes',
  'GET /api/audit/erasures/preview.elsewhere[]': 'rows of whichever table the name stands in',
  'GET /api/reports/{name}.rows[]': 'each report has a path of its own, with its columns',
  'GET /api/reports/{name}.totals': 'each report has a path of its own, with its columns',
  'GET /api/reports/{name}.params': 'each report has a path of its own, with its parameters',
  'PUT /x/office/any/{key}': 'its plugin says json and no more',
  'chart.title': 'a text, or texts by language',
  'form': 'as the flow declares it: `fields` tells what it is',
  'Task.answer': 'by the form: schema TaskAnswer',
  'changed[].before': 'of the field\'s own type',
  'changed[].after': 'of the field\'s own type',
};

test('what an answer holds is told down to its last member: a list tells its items, a map its members', () => {
  const loose = new Set(), used = new Set(), seen = new Set();
  const excuse = (where) => Object.keys(ANYTHING).find((name) => where === name || where.endsWith(`.${name}`) || (name.endsWith('.*[]') && where.startsWith(name.slice(0, -4)) && /\.\w+\[\]$/.test(where)));
  const note = (where) => (excuse(where) ? used.add(excuse(where)) : loose.add(where));
  const walk = (schema, where) => {
    const name = schema.$ref?.split('/').pop();
    if (name && seen.has(name)) return;
    if (name) {
      seen.add(name);
      walk(part(schema), name);
    } else if (schema.anyOf) {
      schema.anyOf.forEach((one) => walk(one, where));
    } else if (!schema.type && !schema.enum && !schema.const) {
      note(where);
    } else if (schema.type === 'array') {
      walk(schema.items ?? {}, `${where}[]`);
    } else if (schema.type === 'object') {
      const more = schema.additionalProperties;
      if (more && more !== true) walk(more, `${where}.*`);
      else if (!schema.properties) note(where);
      for (const [k, one] of Object.entries(schema.properties ?? {})) walk(one, `${where}.${k}`);
    }
  };
  let answers = 0;
  for (const [path, p] of Object.entries(doc.paths))
    for (const [method, o] of Object.entries(p))
      for (const said of Object.values(o.responses).map(part))
        for (const { schema } of Object.values(said.content ?? {})) {
          walk(schema, `${method.toUpperCase()} ${path}`);
          answers++;
        }
  assert.ok(answers > 150 && seen.size > 8, `${answers} ${seen.size}`);
  assert.deepEqual([...loose], []);
  assert.deepEqual(Object.keys(ANYTHING).filter((name) => !used.has(name)), [], 'excused, and told');
});

// What must be there before an operation can be done.
const x = {
  async done(method, path, body, headers = {}) {
    const r = await s.request(method, path, body, headers);
    assert.ok(r.status < 300, `${method} ${path}: ${r.status} ${r.text}`);
    return r;
  },
  async note(title = 'One') {
    const r = await x.done('POST', '/api/content/note', { title, kind: 'plan' });
    return { type: 'note', id: r.json.id, etag: r.headers.etag };
  },
  async submitted() {
    const n = await x.note();
    await x.done('POST', `/api/content/note/${n.id}/submit`);
    return n;
  },
  async approved() {
    const n = await x.submitted();
    await x.done('POST', `/api/content/note/${n.id}/approve`, undefined, { 'if-match': n.etag, authorization: `Bearer ${mate}` });
    return n;
  },
  async published() {
    const n = await x.approved();
    await x.done('POST', `/api/content/note/${n.id}/publish`);
    return n;
  },
  run: async (flow, input = {}) => (await x.done('POST', '/api/runs', { flow: `office.${flow}`, input })).json.id,
  async failed() {
    const id = await x.run('fails');
    await s.until(id, 'failed');
    return id;
  },
  async task(flow = 'asks', input = {}) {
    const run = await x.run(flow, input);
    for (let i = 0; i < 300; i++, await pause(20)) {
      const task = (await x.done('GET', '/api/tasks')).json.find((t) => t.run === run);
      if (task) return task.id;
    }
    throw new Error(`run ${run} asks nothing`);
  },
  about: async () => x.task('about', { id: (await x.note()).id }),
  ballot: () => x.task('votes'),
  async discussed() {
    const id = await x.task();
    await x.done('POST', `/api/tasks/${id}/comments`, { text: 'Look', files: [await x.file()] });
    await x.done('POST', `/api/tasks/${id}/delegate`, { person: 'guest', reason: 'Away' });
    return id;
  },
  async attached() {
    const [id, file] = [await x.task(), await x.file()];
    await x.done('POST', `/api/tasks/${id}/attach`, { files: [file] });
    return { id, file };
  },
  link: async (task) => (await x.done('POST', `/api/tasks/${task ?? await x.task()}/link`, { person: 'mate' })).json.token,
  file: async () => (await x.done('POST', '/api/files?name=a.txt', 'some text', { 'content-type': 'text/plain' })).json.id,
  webhook: async () => (await x.done('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/x', options: { events: 'content.published' } })).json.id,
  calendar: async () => (await x.done('POST', '/api/calendar', {})).json.url.split('/').pop(),
  job: async () => (await x.done('GET', '/api/schedule')).json[0].id,
  delegation: async (since, until) => (await x.done('POST', '/api/delegations', { from: 'boss', to: 'guest', since, until })).json,
  incident: async () => { await x.failed(); return (await s.until1('the error is kept', async () => (await x.done('GET', '/api/errors')).json[0])).id; },
  // Another version of it wants more, and waits.
  async waiting() {
    plugin(s.dir, 'spare', SPARE, { version: '"2.0.0"', needs: '{ "storage", "flow" }' });
    await s.request('POST', '/api/plugins/spare/reload');
    return 'spare';
  },
  // Open runs of a version that is no longer the active one.
  async older() {
    await x.task();
    plugin(s.dir, 'office', `${SOURCE}-- ${++made}\n`, { needs: NEEDS });
    await x.done('POST', '/api/plugins/office/reload');
  },
  // Its time has come, and what the plugin says keeps it from being published.
  async refused() {
    const n = await x.note('Never');
    await x.done('POST', `/api/content/note/${n.id}/submit`);
    await x.done('POST', `/api/content/note/${n.id}/approve`, undefined, { 'if-match': n.etag, authorization: `Bearer ${mate}` });
    await x.done('POST', `/api/content/note/${n.id}/schedule`, { at: '2021-01-04 08:00' });
    for (let i = 0; i < 300; i++, await pause(20)) if ((await x.done('GET', '/api/overdue')).json.some((row) => row.item === n.id)) return;
    throw new Error(`item ${n.id} is not refused`);
  },
  name: () => `user${++made}`,
  async user() {
    const name = x.name();
    await x.done('POST', '/api/users', { name });
    return { name };
  },
  async bearer() {
    const { name } = await x.user();
    return { name, id: (await x.done('POST', `/api/users/${name}/tokens`, {})).json.id };
  },
  async twins() {
    for (let i = 0; i < 2; i++) await x.done('POST', '/api/users', { name: x.name(), person: 'seen' });
  },
  async holder() {
    const { name } = await x.user();
    return { name, id: (await x.done('POST', `/api/users/${name}/roles`, { role: 'reader', unit: 'office', since: '2199-01-01', until: '2199-02-01' })).json.id };
  },
  async session() {
    const { name } = await x.user();
    assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    assert.equal((await browser(s).login(name, PASSWORD)).status, 200);
    return { name, id: (await x.done('GET', `/api/users/${name}/sessions`)).json[0].id };
  },
  async held(person) {
    const { id } = (await x.done('POST', '/api/audit/erasures', { person, reason: 'Asked for' })).json;
    for (let i = 0; i < 200; i++, await pause(25)) {
      const one = (await x.done('GET', '/api/audit/erasures')).json.find((e) => e.id === id);
      if (one.state === 'waiting') return { id, wait: one.waits[0] };
    }
    throw new Error('it does not wait');
  },
  erasure: () => x.done('POST', '/api/audit/erasures', { person: 'lost', reason: 'Asked for' }),
};

function send(method, path, e) {
  const at = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(e.at?.[name] ?? value(path, name)));
  const query = e.query ? `?${new URLSearchParams(e.query)}` : '';
  const body = e.form ? new URLSearchParams(e.form).toString() : e.bytes ?? e.body;
  const type = e.form ? { 'content-type': 'application/x-www-form-urlencoded', authorization: undefined } : e.bytes ? { 'content-type': 'text/plain' } : {};
  const as = e.as === 'mate' ? { authorization: `Bearer ${mate}` } : {};
  return s.request(method.toUpperCase(), at + query, body, { ...type, ...as, ...e.headers });
}

test('each operation that is sent what it asks for is done, and answers as it says', async () => {
  const wrong = [];
  for (const [path, p] of Object.entries(doc.paths)) {
    for (const method of Object.keys(p)) {
      const name = `${method.toUpperCase()} ${path}`;
      const isOwn = /^\/(auth|login|logout|account|tasks)(\/|$)/.test(path) && !EXCHANGES[name]; // a browser's: below
      if (ELSEWHERE[name] || isOwn || (!EXCHANGES[name] && method !== 'get' && p[method].requestBody)) continue;
      try {
        const r = await send(method, path, (await EXCHANGES[name]?.(x)) ?? {});
        conforms(method, path, r);
        if (r.status >= 400) wrong.push(`${name}: ${r.status} ${r.text}`);
      } catch (e) {
        wrong.push(e.message);
      }
    }
  }
  assert.ok(wrong.length === 0, wrong.join('\n'));
});

test('an import tells how many rows of each list were taken; its preview each cell, what is wrong, and what would change', async () => {
  const take = async (lists, options) => {
    const r = await s.request('POST', '/api/org/import', { lists, options });
    conforms('post', '/api/org/import', r);
    return r.json;
  };
  const { schemas } = doc.components, names = (list) => Object.keys(schemas[list].properties).sort();
  const { json: tree } = await s.request('GET', '/api/org/export');
  const counts = await take(tree); // what was given out, all lists of it
  assert.ok(Object.keys(counts).length > 6 && counts.units >= 2, JSON.stringify(counts));
  assert.deepEqual(names('ImportCounts'), Object.keys(doc.paths['/api/org/export'].get.responses[200].content['application/json'].schema.properties).sort(), 'each list that there is');
  const preview = { preview: true };
  const good = await take({ units: [{ code: 'shed', name: ' Shed', kind: 'office', parent: 'office', from: '04/01/2020' }, { code: 'wing', name: 'Left wing', kind: 'office', parent: 'office', from: '2020-01-01', to: '2198-01-01' }] }, preview);
  assert.deepEqual([good.ok, good.lists, good.new, good.gone], [true, { units: 2 }, [{ list: 'units', key: 'shed' }], []]);
  assert.ok(good.cells.length === 11 && good.warnings.length >= 2 && good.changed.length >= 1 && good.ended.length === 1, JSON.stringify(good));
  const wrong = await take({ units: [{ code: 'x y', colour: 'red', parent: 'nowhere', from: 'soon' }] }, preview);
  assert.ok(!wrong.ok && wrong.errors.length >= 4 && !wrong.new, JSON.stringify(wrong));
  const sheet = await s.request('POST', '/api/org/import', { lists: { files: [{ name: 'units.csv', text: 'code,name,kind\nden,Den,office\n' }] }, options: preview });
  conforms('post', '/api/org/import', sheet);
  assert.equal(sheet.json.cells[0].column, 1);
  const seen = [...new Set([...good.cells, ...wrong.errors, ...good.warnings, ...sheet.json.cells].flatMap(Object.keys))];
  assert.deepEqual(names('ImportCell').filter((k) => !seen.includes(k) && k !== 'detail'), [], 'each member was seen');
});

test('If-Match and Idempotency-Key are heeded by each operation that tells of them, and 304 by those that tell of it', async () => {
  const count = { needed: 0, matched: 0, once: 0, withheld: 0, unchanged: 0 };
  for (const [path, p] of Object.entries(doc.paths)) {
    for (const [method, o] of Object.entries(p)) {
      const name = `${method.toUpperCase()} ${path}`, headers = (o.parameters ?? []).map(part).filter((h) => h.in === 'header');
      const match = headers.find((h) => h.name === 'If-Match');
      if (!EXCHANGES[name]) continue;
      const again = async (more) => send(method, path, { ...(await EXCHANGES[name](x)), ...more });
      if (match) {
        const r = await again({ headers: { 'if-match': '"another"' } });
        assert.equal(r.status, 412, `${name}: ${r.text}`);
        conforms(method, path, r);
        count.matched++;
      }
      if (match?.required) {
        assert.equal((await again({ headers: {} })).status, 428, name);
        count.needed++;
      }
      if (headers.some((h) => h.name === 'Idempotency-Key') && /^\/api\/(content|runs|tasks|users|setup_links)/.test(path)) {
        const e = await EXCHANGES[name](x), key = { 'idempotency-key': name.replace(/\W/g, '-') };
        const [first, second] = [await send(method, path, { ...e, headers: { ...e.headers, ...key } }), await send(method, path, { ...e, headers: { ...e.headers, ...key } })];
        assert.deepEqual([second.status, second.headers['idempotent-replayed']], [first.status, 'true'], name);
        const answer = part(Object.entries(o.responses).find(([status]) => status[0] === '2')[1]).content?.['application/json']?.schema;
        if (part(answer)?.properties?.withheld) {
          const { withheld, ...rest } = second.json, [secrets, others] = [true, false].map((is) => Object.entries(first.json).filter(([k]) => withheld.includes(k) === is));
          assert.ok(withheld.length && secrets.length === withheld.length, `${name}: ${second.text}`);
          assert.deepEqual(rest, Object.fromEntries(others), name);
          count.withheld++;
        } else {
          assert.equal(second.text, first.text, name);
        }
        count.once++;
      }
      if (method === 'get' && o.responses[304] && !path.startsWith('/x/')) { // that of the plugin tells the time
        const e = await EXCHANGES[name](x), first = await send(method, path, e);
        assert.ok(first.headers.etag, name);
        assert.equal((await send(method, path, { ...e, headers: { 'if-none-match': first.headers.etag } })).status, 304, name);
        count.unchanged++;
      }
    }
  }
  assert.ok(count.needed >= 2 && count.matched >= 9 && count.once >= 20 && count.withheld >= 3 && count.unchanged >= 2, JSON.stringify(count));
});

test('what is asked of each operation is answered as it says', async () => {
  const operations = Object.entries(doc.paths).flatMap(([path, p]) => Object.entries(p).map(([method, o]) => ({ path, method, o })));
  let good = 0, refused = 0;
  // Those that only read come first: the others may take away what they would read.
  for (const { path, method, o } of operations.sort((a, b) => (b.method === 'get') - (a.method === 'get'))) {
    if (path === '/api/events') continue; // tests/service/events.test.mjs
    const at = path.replace(/\{(\w+)\}/g, (_, name) => value(path, name));
    const query = (o.parameters ?? []).map(part).filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=1`).join('&');
    const least = path === '/api/reports/{name}' ? 'least=1' : query;
    const r = await s.request(method.toUpperCase(), at + (least && `?${least}`), method === 'get' ? undefined : {});
    assert.ok(r.status < 500, `${method} ${at}: ${r.status} ${r.text}`);
    if (r.status >= 400) refused++;
    else good++;
    conforms(method, path, r);
  }
  assert.ok(good > 40 && refused > 10, `${good} were done, ${refused} refused`);
});

test('logging in, the second factor, sessions and passwords are answered as it says', async () => {
  const password = 'correct horse battery', other = 'another very long one';
  assert.equal((await setPassword(s, 'boss', password)).code, 0);
  const b = browser(s);
  let csrf;
  const send = async (method, path, body, at = path) => {
    const r = await b.request(method, at, body, method === 'GET' ? {} : { origin: `http://127.0.0.1:${s.port}`, ...(csrf ? { 'x-csrf-token': csrf } : {}) });
    conforms(method, path, r);
    return r;
  };
  const good = async (...words) => {
    const r = await send(...words);
    assert.ok(r.status < 300, `${words[0]} ${words[1]}: ${r.status} ${r.text}`);
    return r;
  };
  assert.equal((await send('POST', '/auth/login', { name: 'boss', password: 'wrong' })).status, 401);
  csrf = (await good('POST', '/auth/login', { name: 'boss', password })).json.csrf;
  await good('GET', '/auth/me');
  const { json: sessions } = await good('GET', '/auth/sessions');
  assert.deepEqual(sessions.map((x) => x.current), [true]);
  const { secret } = (await good('POST', '/auth/totp', { present: password })).json;
  await good('POST', '/auth/totp/confirm', { code: totp(secret) });
  const off = await send('POST', '/auth/totp/remove', { present: password, code: totp(secret, Date.now() + 30000) });
  assert.ok([204, 401, 422].includes(off.status), off.text);
  assert.equal((await send('POST', '/auth/password', { present: 'wrong', password: other })).status, 401);
  await good('DELETE', '/auth/sessions');
  assert.equal((await good('POST', '/auth/reset', { name: 'nobody' })).status, 202);
  await good('POST', '/auth/logout', {});
  assert.equal((await send('GET', '/auth/me')).status, 401);
});

test('pages and their forms are answered as it says', async () => {
  const password = 'correct horse battery', other = 'another very long one';
  assert.equal((await setPassword(s, 'mate', other)).code, 0);
  assert.equal((await setPassword(s, 'boss', 'another very long one')).code, 0);
  const paths = Object.keys(doc.paths).map((path) => [path, new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)]);
  // A browser each of whose answers is compared.
  const seen = (one) => {
    const ask = Browser.prototype.request.bind(one);
    return async (method, url, ...more) => {
      const r = await ask(method, url, ...more), at = new URL(url, one.base).pathname;
      const [path] = paths.find(([p]) => p === at) ?? paths.find(([, fits]) => fits.test(at));
      conforms(method, path, r);
      return r;
    };
  };
  const b = browser(s);
  b.request = seen(b);
  const mailed = async (n) => {
    for (let i = 0; i < 300 && mails(s).length < n; i++) await pause(20);
    return mails(s);
  };
  const good = (r) => assert.ok(r.status < 400, `${r.url}: ${r.status} ${r.text}`);
  const submit = async (path, fields, act) => good(await b.submit(await b.form(path, act), fields));
  // Forgotten, and made anew by the link in the mail.
  await submit('/login/forgot', { name: 'mate' });
  const token = resetToken((await mailed(1)).at(-1));
  good(await b.request('GET', `/auth/reset/${token}`));
  good(await b.send('POST', `/auth/reset/${token}`, { password }));
  // A login with a second factor.
  good(await b.loginPage('mate', password));
  const { secret } = (await b.send('POST', '/auth/totp', { present: password })).json;
  good(await b.send('POST', '/auth/totp/confirm', { code: totp(secret) }));
  const second = browser(s), asked = await second.loginPage('mate', password);
  second.request = seen(second);
  good(await second.request('GET', '/login/code'));
  good(await second.submit({ ...asked, url: `${second.base}/login/code` }, { code: totp(secret, Date.now() + 30000) }));
  // What a browser does with tasks and its account.
  const id = await x.task();
  good(await b.request('GET', '/tasks'));
  await submit(`/tasks/${id}`, { decision: 'approve' }, 'decide');
  good(await b.request('GET', '/account'));
  const word = async () => /name="_csrf" value="([^"]+)"/.exec((await b.request('GET', '/account')).text)[1];
  const post = async (path, fields) => good(await b.request('POST', path, new URLSearchParams({ _csrf: await word(), ...fields })));
  const together = await x.task();
  good(await b.request('GET', `/tasks/decide?task=${together}`));
  await post('/tasks/decide', { task: together, decision: 'approve', _step: 'ask' });
  await post('/tasks/decide', { task: together, decision: 'approve', _step: 'do' });
  assert.equal((await x.done('GET', `/api/tasks/${together}`)).json.state, 'decided');
  const others = async () => (await b.request('GET', '/auth/sessions')).json.filter((one) => !one.current).map((one) => one.id);
  await post(`/account/sessions/${(await others())[0]}`, {});
  await post('/account/sessions', {});
  await post('/account/password', { present: password, password: other });
  for (const path of ['/notices', '/account/notices', '/account/tokens', '/account/totp']) good(await b.request('GET', path));
  await post('/notices', { _act: 'all' });
  await post('/account/notices', { _act: 'wishes', digest_at: '08:00' });
  await post('/account/notices', { _act: 'calendar' });
  await post('/account/tokens', { _act: 'end', token: (await s.must('user', 'token', 'mate')).id });
  await post('/account/totp/remove', { present: other });
  const shown = await b.submit(await b.form('/account/totp'), { present: other });
  good(shown);
  await post('/account/totp/confirm', { code: totp(/<code class="key">([^<]+)</.exec(shown.text)[1].replace(/ /g, '')) });
  const third = browser(s);
  good(await third.login('boss', 'another very long one'));
  third.request = seen(third);
  const fourth = browser(s);
  good(await fourth.login('boss', 'another very long one'));
  const mine = (await third.request('GET', '/auth/sessions')).json.find((one) => !one.current).id;
  good(await third.send('DELETE', `/auth/sessions/${mine}`));
  good(await third.send('POST', '/auth/password', { present: 'another very long one', password: 'yet another long one' }));
  await post('/logout', {});
});

test('no operation is left out: each was done here, or it is written where and why', () => {
  const all = Object.entries(doc.paths).flatMap(([path, p]) => Object.keys(p).map((method) => `${method.toUpperCase()} ${path}`));
  assert.deepEqual(all.filter((name) => !done.has(name) && !ELSEWHERE[name]), [], 'neither done nor excused');
  assert.deepEqual(all.filter((name) => done.has(name) && ELSEWHERE[name]), [], 'done, though excused');
  assert.deepEqual([...Object.keys(EXCHANGES), ...Object.keys(ELSEWHERE)].filter((name) => !all.includes(name)), [], 'not in the document');
  for (const [name, why] of Object.entries(ELSEWHERE)) {
    const file = /tests\/service\/\w+\.test\.mjs/.exec(why)?.[0];
    assert.ok(file && readFileSync(join(TOP, file), 'utf8').includes(name.split('/').filter((part) => !part.startsWith('{')).at(-1)), `${name}: ${why}`);
  }
});
