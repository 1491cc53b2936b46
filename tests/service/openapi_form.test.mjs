// Forms of tasks in the OpenAPI document: those that flows declare, and those of open tasks for whoever may see them; each once, not
// without end, and what is valid by the document is what a decision takes.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { flow, office } from '../lib/office.mjs';
import { KHUNG, TOP, folder, plugin } from '../lib/khung.mjs';

const require = createRequire(join(TOP, 'build/npm/package.json'));
const { Validator } = await import(pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')));
const Ajv = require('ajv/dist/2020').default;

const SOURCE = [
  `local review = { decision = { "choice:approve,return!", title = { vi = "Quyết định", en = "Decision" } }, days = { "integer", min = 1 } }
flow.define("told", { title = "told", forms = { review = review } }, function(run) return run:ask { to = person("hoa"), title = "Told", form = review } end)`,
  flow('made', 'return run:ask { to = person("hoa"), title = "Made", form = { decision = "choice:yes,no!", secret_name = "person!", unit = "unit", file = "file" } }'),
  flow('usual', 'return run:ask { to = person("hoa"), title = "Usual" }'),
  flow('weird', `return run:ask { to = person("tam"), title = "<i>", form = {
    decision = { type = "choice:approve,<b>!", title = { vi = 7, en = { "x" } }, help = {}, order = "first" },
    a = { "integer", title = "\\"><script>", default = 0 / 0, min = {}, max = "x" }, b = { "text", min = 3, default = { 1, {} } } } }`),
  flow('many', `local asks = {}
for i = 1, 60 do asks[i] = { to = person("dao"), title = "A", form = { decision = "choice:a!", ["f" .. i] = "text" } } end
run:ask_all(asks)`),
].join('\n');

let s, hoa, cuc, tam, dao, lan;
before(async () => {
  s = await office(SOURCE);
  [hoa, cuc, tam, dao, lan] = ['hoa', 'cuc', 'tam', 'dao', 'lan'].map((n) => s.as(n));
});
after(() => s?.stop());

const begin = async (name, n = 1) => (await s.open(await s.startFlow(`t.${name}`), n))[0];
const document = async (who) => (await who('GET', '/api/openapi.json', undefined, { 'accept-language': 'en' })).json;
const forms = (doc) => Object.keys(doc.components.schemas).filter((k) => k.startsWith('form.')).sort();

async function valid(doc) {
  const { valid: good, errors } = await new Validator().validate(doc);
  assert.ok(good, JSON.stringify(errors, null, 1));
}

test('what a flow declares is told before anything is asked, and is the body of a decision', async () => {
  const doc = await document(cuc);
  assert.deepEqual(forms(doc), ['form.t.told.review', 'form.usual']);
  const told = doc.components.schemas['form.t.told.review'];
  assert.deepEqual(told.required, ['decision']);
  assert.deepEqual(told.properties.decision, { type: 'string', enum: ['approve', 'return'], title: 'Decision' });
  assert.deepEqual(told.properties.days, { type: 'integer', minimum: 1 });
  assert.equal(told.additionalProperties, false);
  assert.equal(doc.paths['/api/tasks/{id}/decide'].post.requestBody.content['application/json'].schema.$ref, '#/components/schemas/TaskAnswer');
  assert.deepEqual(doc.components.schemas.TaskAnswer.anyOf.map((x) => x.$ref ?? x.type),
    ['#/components/schemas/form.usual', '#/components/schemas/form.t.told.review', 'object']);
  assert.equal(doc.paths['/api/tasks/decide'].post.requestBody.content['application/json'].schema.properties.answer.$ref, '#/components/schemas/TaskAnswer');
  // Asked, it is the same form: told once.
  await begin('told');
  assert.deepEqual(forms(await document(hoa)), ['form.t.told.review', 'form.usual']);
});

test('a form that is made when it is asked stands in the document of those alone who may see the task, while it is open', async () => {
  const task = await begin('made');
  const mine = await document(hoa), name = forms(mine).find((k) => /^form\.[0-9a-f]{16}$/.test(k));
  await valid(mine);
  assert.deepEqual(mine.components.schemas[name].required.sort(), ['decision', 'secret_name']);
  assert.ok(mine.components.schemas.TaskAnswer.anyOf.some((x) => x.$ref?.endsWith(name)));
  assert.ok(forms(await document(lan)).includes(name), 'who may read all tasks');
  for (const other of [cuc, dao, tam]) {
    const doc = await document(other);
    assert.deepEqual(forms(doc), ['form.t.told.review', 'form.usual']);
    assert.ok(!JSON.stringify(doc).includes('secret_name'));
  }
  await begin('made');
  assert.deepEqual(forms(await document(hoa)).filter((k) => k === name), [name], 'twice asked, once told');
  const { tasks } = (await hoa('GET', '/api/inbox')).json;
  for (const t of tasks.filter((x) => x.title === 'Made'))
    assert.equal((await hoa('POST', `/api/tasks/${t.id}/decide`, { decision: 'yes', secret_name: 'lan' })).status, 200);
  assert.ok(!forms(await document(hoa)).includes(name));
  assert.equal((await hoa('GET', `/api/tasks/${task.id}/form`)).json.$id, `urn:khung:form:${name.slice(5)}`, 'who decided it may still read its form');
});

test('the form of one task is a JSON Schema by itself: what it takes is taken, what it refuses is refused', async () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const schemaOf = async (id) => (await hoa('GET', `/api/tasks/${id}/form`)).json;
  const made = await begin('made'), check = ajv.compile(await schemaOf(made.id));
  const decide = (id, body) => hoa('POST', `/api/tasks/${id}/decide`, body);
  for (const bad of [{}, { decision: 'yes' }, { decision: 'maybe', secret_name: 'lan' }, { decision: 'yes', secret_name: 'lan', other: 1 }, { decision: 'yes', secret_name: ['lan'] }]) {
    assert.equal(check(bad), false, JSON.stringify(bad));
    assert.equal((await decide(made.id, bad)).status, 422, JSON.stringify(bad));
  }
  const good = { decision: 'no', secret_name: 'lan', unit: 'north' };
  assert.ok(check(good), JSON.stringify(check.errors));
  assert.equal((await decide(made.id, good)).status, 200);
  const usual = await begin('usual');
  assert.deepEqual((await schemaOf(usual.id)).properties.decision.enum, ['approve', 'return']);
  assert.equal((await cuc('GET', `/api/tasks/${usual.id}/form`)).status, 403);
  assert.equal((await hoa('GET', '/api/tasks/1/form')).status, 404);
  assert.equal((await s.must('task', 'form', usual.id)).type, 'object');
});

test('odd forms leave the document valid; of many forms fifty are told', async () => {
  await begin('weird');
  const odd = await document(tam);
  await valid(odd);
  assert.equal(forms(odd).length, 3);
  await begin('many', 60);
  const doc = await document(dao);
  await valid(doc);
  assert.equal(forms(doc).length, 52);
});

test('a declared form that cannot be filled in is refused when the plugin is loaded', () => {
  for (const [form, code] of [['{ by = "text" }', 'task.form_name'], ['{ n = "nonsense" }', 'field.type'], ['"text"', 'field.list'], ['{ n = 0 / 0 }', 'field.type'], ['{ n = "choice:" .. ("a,"):rep(1000) }', 'field.type'], ['{ ["x; drop"] = "text" }', 'field.name']]) {
    const dir = folder();
    plugin(dir, 'bad', `flow.define("x", { forms = { one = ${form} } }, function() end)`, { needs: '{ "flow" }' });
    const r = spawnSync(KHUNG, ['check', '--json', '--data', join(dir, 'data'), '--plugins', join(dir, 'plugins')], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(r.stdout).map((f) => f.code), [code], form);
  }
});
