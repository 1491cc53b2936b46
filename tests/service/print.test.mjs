// What people see of an answer: the same with a service and without one, names in place of records, tables with words of their language,
// and nothing cut that is to be copied.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';
import { Service, TOP, folder, plugin } from '../lib/khung.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!", body = "text" }, title = "title", unit = true, approval = true })
flow.define("ask", { input = { item = "integer!" } }, function(run, input)
  return run:ask { to = { position = "head", unit = people.unit("office") }, about = content.get("note", input.item), title = "Yes, please?",
    form = { decision = "choice:approve,return!" } }.decision
end)
flow.define("nobody", { input = {} }, function(run)
  return run:ask { to = { position = "empty", unit = people.unit("office") }, title = "Who?", form = { decision = "choice:approve,return!" } }.decision
end)
`;

let s, doc, list;
before(async () => {
  const dir = folder();
  plugin(dir, 'desk', SOURCE);
  s = new Service(dir, { config: { lang: 'en' }, env: {} });
  await s.start();
  await s.admin();
  await s.must('user', 'add', 'deputy', '--person', 'guest');
  await s.must('delegation', 'add', '--from', 'boss', '--to', 'guest', '--until', '2035-01-01', '--as', 'boss');
  const item = (await s.rpc('content.create', ['note', { title: 'Tea', body: 'At four.\nBring a cup.', unit: 1 }], 'boss')).json.id;
  const run = await s.startFlow('desk.ask', { item });
  await s.startFlow('desk.nobody');
  const task = (await s.must('task', 'list', '--flow', 'desk.ask', '--all'))[0].id;
  assert.equal((await setPassword(s, 'boss', PASSWORD)).code, 0);
  assert.equal((await browser(s).loginPage('boss', PASSWORD)).status, 303);
  doc = (await s.request('GET', '/api/openapi.json')).json;
  list = ['org units', 'org unit office', 'org persons', 'org positions', 'org holders', 'org roles', 'org find --kind person --name Bos', 'who-can flow.read',
    'who-can content.edit unit:office', 'why boss content.edit unit:office', 'why deputy content.edit unit:office', `why boss decide task:${task}`, 'delegation list',
    'task list --all', 'task inbox --all', `task show ${task}`, 'task orphans', 'task unit-handover office', 'task handover boss', 'user list', 'user show boss', 'user tokens boss',
    'user roles boss', 'user sessions boss', 'flow list', `flow show ${run}`, `flow history ${run}`, 'content list note', `content show note ${item}`, `content history ${item}`,
    'verbs --where unit', 'plugin list', 'plugin limits desk', 'audit anchors', 'notice preferences --as boss'].map((l) => l.split(' '));
});
after(() => s?.stop());

const shown = (words, lang = 'en') => s.text(...words, '--lang', lang, '--plugins', s.plugins);

test('a page is a table with its columns, and says below how to go on', async () => {
  const first = await s.both('audit', 'list', '--limit', '2', '--lang', 'en');
  assert.match(first.out, /^row +at +who +verb +kind +id +name +reason\n\d+ +\d{4}-.*\n\d+ .*\n$/);
  const [, cursor] = /--after (\S+)/.exec(first.err), last = /\n(\d+) .*\n$/.exec(first.out)[1];
  assert.match(await shown(['audit', 'list', '--limit', '1', '--after', cursor]), new RegExp(`\\n${last - 1} `));
  const inbox = await s.both('task', 'inbox', '--all', '--limit', '1', '--lang', 'en');
  assert.match(inbox.out, /^id +title +due +about +run +claimed by\n\d+ .*\n$/);
  assert.match(inbox.err, /--after \S+/);
});

test('an anchor that was printed is one to verify by', async () => {
  const anchor = /\b1:[0-9a-f]{64}\b/.exec(await shown(['audit', 'anchors']))[0];
  assert.equal((await s.cli('audit', 'verify', '--anchor', anchor)).json.whole, true);
});

test('records stand by their names, and what they hold below, as tables', async () => {
  assert.match(await shown(['who-can', 'flow.read']), /^person +user +sentence\nBoss +boss +\S/);
  assert.match(await shown(['delegation', 'list']), /\n1 +Boss +Guest /);
  assert.match(await shown(['org', 'unit', 'office']), /^unit +Office$[^]*\n\nholders\nid +person +what\n1 +Boss +Head\n/m);
  const left = await shown(['task', 'unit-handover', 'office']);
  assert.match(left, /^unit +Office$[^]*\n\ntasks\nid +title +run +open +somebody can\n\d+ .*\n/m);
  assert.match(await shown(['task', 'handover', 'boss']), /^person +Boss$[^]*\n\npositions\nposition +unit +since\nhead +office +2020-01-01\n\ndelegations\n/m);
  // The text that is decided on is to be read.
  assert.match(await shown(list.find((w) => w[1] === 'show' && w[0] === 'task')), /\n\nabout\n[^]*\nbody\nAt four\.\nBring a cup\.\ntitle +Tea\n/);
});

test('instants are dates', async () => {
  assert.match(await shown(['user', 'sessions', 'boss']), /seen[^]*\d{4}-\d\d-\d\dT[^]*\d{4}-\d\d-\d\dT/);
  assert.match(await shown(['task', 'orphans']), /Who\? +\d{4}-\d\d-\d\dT/);
  const known = new Set([...readFileSync(join(TOP, 'core/cli/cli_cell.c'), 'utf8').split('names[] = {')[1].split('}')[0].matchAll(/"(\w+)"/g)].map((m) => m[1]));
  const said = new Set();
  const walk = (dir) => readdirSync(join(TOP, dir), { withFileTypes: true }).forEach((e) => {
    if (e.isDirectory()) walk(join(dir, e.name));
    else if (e.name.endsWith('.c')) for (const m of readFileSync(join(TOP, dir, e.name), 'utf8').matchAll(/\{"([a-z_]+)", FIELD_INSTANT, LIST/g)) said.add(m[1]);
  });
  walk('core');
  assert.ok(said.size > 15, `${said.size}`);
  assert.deepEqual([...said].filter((name) => !known.has(name)), [], 'columns of lists that would be shown as numbers');
});

// What the columns are called: those that the commands name, and of those that name none what their calls give, by the OpenAPI document.
function columns() {
  const names = new Map(), add = (name, of) => names.has(name) || names.set(name, of);
  const source = (file) => readFileSync(join(TOP, 'core/cli', file), 'utf8');
  const found = (x) => (x?.$ref ? found(x.$ref.split('/').slice(1).reduce((at, key) => at[key], doc)) : x);
  const walk = (given, of, deep = 0) => {
    const schema = found(given);
    if (!schema || deep > 2) return;
    for (const part of schema.allOf ?? []) walk(part, of, deep);
    if (schema.type === 'array') walk(schema.items, of, deep);
    for (const [name, value] of Object.entries(schema.properties ?? {})) {
      add(name, of);
      if (found(value)?.type === 'array') walk(value, of, deep + 1);
    }
  };
  const walkAnswers = (answers, of) => {
    const good = Object.keys(answers).find((status) => status[0] === '2');
    if (good) walk(found(answers[good]).content?.['application/json']?.schema, of);
  };
  const routes = new Map([...readFileSync(join(TOP, 'core/http/routes.c'), 'utf8').matchAll(/\{"([A-Z]+)", "([^"]+)",\s+"([a-z_.]+)"/g)].map((m) => [m[3], m]));
  for (const [, noun, verb, call, own] of source('cli_calls.c').matchAll(/^ {4}\{"([a-z-]+)", "([a-z-]*)", "([a-z_.]+)",\s+"[^"]*",\s+(NULL|"[^"]*"),/gm)) {
    if (own !== 'NULL') own.slice(1, -1).split(' ').forEach((name) => add(name, `${noun} ${verb}`));
    const route = own === 'NULL' && routes.get(call);
    const answers = route && doc.paths[route[2].replace(/:([a-z]+)/g, '{$1}')]?.[route[1].toLowerCase()]?.responses;
    if (answers) walkAnswers(answers, `${noun} ${verb}`);
  }
  for (const what of ['draft', 'history', 'lint']) walkAnswers(doc.paths[`/api/content/{type}/{id}/${what}`].get.responses, `content ${what}`);
  for (const file of ['cmd_org.c', 'cmd_content.c', 'cmd_x.c', 'cmd_report.c', 'cmd_upgrade.c'])
    for (const [, own] of source(file).matchAll(/(?:org\.[a-z_.]+", |cli_print\(c, [^,]+, |NULL : )"([a-z_ ]+)"/g)) own.split(' ').forEach((name) => add(name, file));
  return names;
}

test('every column has a word, in both languages', () => {
  const names = columns();
  assert.ok(names.size > 150, `${names.size}`);
  for (const name of ['orphan', 'waits', 'sentence', 'anchor', 'successors', 'may', 'raw', 'slug']) assert.ok(names.has(name), name);
  for (const lang of ['en', 'vi']) {
    const words = new Map([...readFileSync(join(TOP, `core/locale/print.${lang}.txt`), 'utf8').matchAll(/^column\.(\S+) = (.*)$/gm)].map((m) => [m[1], m[2]]));
    assert.deepEqual([...names].filter(([name]) => !words.has(name)).map((n) => n.join(': ')), [], lang);
  }
});

test('the same is printed with a service and without one', async () => {
  const served = [];
  for (const words of list) {
    served.push(await shown(words, 'vi'));
    assert.ok(served.at(-1).length > 5, words.join(' '));
    if (!['history', 'preferences'].includes(words[1])) assert.doesNotMatch(served.at(-1), /\{"id"/, words.join(' '));
  }
  await s.stop();
  for (const [i, words] of list.entries()) assert.equal(await shown(words, 'vi'), served[i], words.join(' '));
});
