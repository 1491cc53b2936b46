// The OpenAPI document: valid by the specification's own schema, as large as the table of routes, and true: every operation is asked of a
// live service, and what it answers is what the document says.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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
  ids = { content: note.id, runs: run.id, tasks: task.id, files: file.id };
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

test('every route of the table stands in it, and every operation is known by one name', () => {
  const table = readFileSync(join(TOP, 'core/http/routes.c'), 'utf8').matchAll(/\{"(GET|POST|PATCH|PUT|DELETE)", "([^"]+)"/g);
  let n = 0;
  for (const [, method, path] of table) {
    n++;
    assert.ok(doc.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()], `${method} ${path}`);
  }
  assert.ok(n > 40);
  const names = Object.values(doc.paths).flatMap((p) => Object.values(p)).map((o) => o.operationId);
  assert.equal(new Set(names).size, names.length);
});

test('routes of plugins are in it, with their values, and who may ask', () => {
  const one = doc.paths['/x/office/rows/{id}'].get, all = doc.paths['/x/office/rows'];
  assert.equal(one.summary, 'One row');
  assert.deepEqual(one.parameters.map((p) => [p.name, p.in, p.required, p.schema.type]), [['id', 'path', true, 'integer'], ['day', 'query', false, 'string']]);
  assert.deepEqual(one.responses['2XX'].content['application/json'].schema.properties.unit, { $ref: '#/components/schemas/Unit' });
  assert.deepEqual(all.get.security, [{}, { bearer: [] }]);
  assert.equal(one.security, undefined);
  assert.equal(all.post.requestBody.content['application/json'].schema.properties.n.title, 'Number');
  assert.ok(doc.paths['/x/office/picture'].get.responses['2XX'].content['image/svg+xml']);
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
  return { name: 'office', person: 1, token: 'x' }[name] ?? 'x';
}

test('what is asked of each operation is answered as it says', async () => {
  const operations = Object.entries(doc.paths).flatMap(([path, p]) => Object.entries(p).map(([method, o]) => ({ path, method, o })));
  let good = 0, refused = 0;
  // Those that only read come first: the others may take away what they would read.
  for (const { path, method, o } of operations.sort((a, b) => (b.method === 'get') - (a.method === 'get'))) {
    if (path === '/api/events') continue;
    const at = path.replace(/\{(\w+)\}/g, (_, name) => value(path, name));
    const query = (o.parameters ?? []).filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=1`).join('&');
    const r = await s.request(method.toUpperCase(), at + (query && `?${query}`), method === 'get' ? undefined : {});
    assert.ok(r.status < 500, `${method} ${at}: ${r.status} ${r.text}`);
    const range = `${Math.floor(r.status / 100)}XX`, said = o.responses[r.status] ?? o.responses[range] ?? o.responses.default;
    const type = r.headers['content-type']?.split(';')[0];
    if (r.status >= 400) {
      refused++;
      assert.equal(type, 'application/problem+json', `${method} ${at}`);
    } else {
      good++;
      assert.ok(o.responses[r.status] ?? o.responses[range], `${method} ${at}: ${r.status} is not among ${Object.keys(o.responses)}`);
    }
    if (r.status === 204) continue;
    const schema = (said.content[type] ?? said.content['*/*'])?.schema;
    assert.ok(schema, `${method} ${at}: ${type} is not told`);
    const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components')));
    assert.ok(check(r.json ?? r.text), `${method} ${at}: ${JSON.stringify(check.errors?.[0])} ${r.text.slice(0, 300)}`);
  }
  assert.ok(good > 20 && refused > 10, `${good} were done, ${refused} refused`);
});
