// The OpenAPI document: valid by the specification's own schema, as large as the table of routes, and true: every operation is asked of a
// live service, and what it answers is what the document says.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { browser, setPassword, totp } from '../lib/browser.mjs';
import { TOP, folder, plugin, serve } from '../lib/khung.mjs';

const require = createRequire(join(TOP, 'build/npm/package.json'));
const { Validator } = await import(pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')));
const Ajv = require('ajv/dist/2020').default;

const SOURCE = `
content.type("note", { fields = { title = "text!", kind = { "choice:plan,report", title = { vi = "Loại", en = "Kind" } } }, title = "title" })
local rows = storage.table("row", { fields = { n = "integer!" } })
flow.define("work", { title = "Work", input = { n = "integer!", unit = "unit", days = "list:integer" } }, function(run, input)
  rows:insert { n = input.n }
end)
flow.define("asks", { title = "Asks", input = {} }, function(run)
  return run:ask { to = { position = "head", unit = "office" }, title = "Yes?" }.decision
end)
report.define("rows", { params = { least = "integer!" }, columns = { { "n", "integer" } } }, function(p, out)
  for _, r in ipairs(rows:find { n = { ">=", p.least } }) do out:row { r.n } end
end)

route.get("/rows/{id}", { title = { vi = "Một dòng", en = "One row" }, params = { id = "integer" }, query = { day = "date" }, output = { n = "integer!", day = "date", unit = "unit", at = "instant", days = "list:integer" } },
  function(req) return { json = { n = req.params.id, day = date.parse("2021-01-04"), unit = people.unit("office"), at = date.now(), days = {} } } end)
route.get("/rows", { access = "public", output = { { n = "integer!" } } }, function() return { json = rows:find {} } end)
route.post("/rows", { input = { n = { "integer!", title = { vi = "Số", en = "Number" } } }, output = { id = "integer!" } },
  function(req) return { status = 201, json = { id = rows:insert { n = req.json.n } } } end)
route.get("/picture", { output = "svg" }, function() return { svg = "<svg/>" } end)
route.put("/any/{key}", function(req) return { text = req.params.key } end)
`;

let s, doc, ajv, ids;

before(async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "storage", "content", "people", "report", "route" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  for (const role of ['auditor', 'organiser', 'editor', 'operator']) await s.must('user', 'role', 'boss', role);
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

// The answer is told: its status, its type, its shape, and each of its fields where the document names fields.
function conforms(method, path, r) {
  const o = doc.paths[path][method.toLowerCase()], name = `${method} ${path}: ${r.status}`, range = `${Math.floor(r.status / 100)}XX`;
  const told = o.responses[r.status] ?? o.responses[range];
  assert.ok(r.status >= 400 || told, `${name} is not among ${Object.keys(o.responses)}`);
  const said = part(told ?? o.responses.default), type = r.headers['content-type']?.split(';')[0];
  if (r.status === 204 || Math.floor(r.status / 100) === 3 || (type === 'text/html' && r.status >= 400)) return;
  if (r.status >= 400) assert.equal(type, 'application/problem+json', name);
  const schema = (said.content?.[type] ?? said.content?.['*/*'])?.schema;
  assert.ok(schema, `${name} ${type} is not told`);
  if (!/json$/.test(type)) return;
  const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components')));
  assert.ok(check(r.json), `${name}: ${JSON.stringify(check.errors?.[0])} ${r.text.slice(0, 300)}`);
  const named = schema.items?.properties ?? (path.startsWith('/auth/') && r.status < 400 && schema.properties);
  for (const row of named ? [r.json].flat() : [])
    assert.deepEqual(Object.keys(row).filter((k) => !named[k]), [], `${name}: fields that are not told`);
}

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
