// What others were got around by, and what was tried besides: the test that shows each, and ways that no other test tries.
import { after, before, describe, it, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, day, folder, pause, plugin, serve } from '../lib/khung.mjs';
import { ROUTES } from '../lib/routes.mjs';
import { sql } from '../crash/check.mjs';

// [what, the file, words of the test's name]
const WITHSTOOD = [
  ['a create with status: published', 'service/permissions', 'no state is set by writing it: create and edit'],
  ['an import with status: published', 'service/permissions_ways', 'is not imported: neither with the organisation nor with content'],
  ['a version saved by a read-only user', 'service/permissions_ways', 'and a text are not written by who may only read'],
  ['an approval by the author through REST', 'service/permissions', 'does not approve: over REST, by a role'],
  ['an approval by the author through a plugin, a task, an account without a person', 'service/permissions_ways', 'is not the author\\\'s: over REST, by a plugin with another\\\'s answer'],
  ['an approval by the author with a second account', 'service/permissions_ways', 'is not the author\\\'s by a second account'],
  ['an approval by the author in a vote or a quorum', 'service/permissions_ways', 'nor in a quorum: an author decides no question of it'],
  ['an approver group that is empty', 'service/permissions_ways', 'comes from nobody where nobody is asked'],
  ['a scheduled publication whose approver was demoted', 'service/permissions', 'is not published, and says why; scheduled again by another it is'],
  ['the same through a plugin\'s route', 'service/permissions_ways', 'publishes nothing by what they scheduled through a plugin'],
  ['an approval replayed', 'service/permissions_ways', 'counts once: the same answer is no approval of another text'],
  ['a text that was changed after its approval', 'service/permissions', 'a text that was changed after its approval is not published'],
  ['a link opened by a mail scanner', 'service/link', 'without a script, and uses nothing up'],
  ['a link used by two at the same instant', 'service/link', 'twice at the same instant decides once'],
  ['two people deciding at the same instant', 'service/task', 'by two at the same instant: one is first'],
  ['two people approving at the same instant', 'service/permissions_ways', 'by two at the same instant is one'],
  ['a vote of 7 of 9 at 80 %', 'rules/vote', '7 of 9 fails 80 %, 8 of 9 passes'],
  ['kill -9 while a run sleeps, waits, calls, runs branches, asks with a term, is at a checkpoint', 'crash/wait', ': all is done once'],
  ['kill -9 while a run is undone', 'crash/wait', 'undoing, while its compensation waits'],
  ['kill -9 while people are asked, by all, in a vote', 'crash/task', '${kind}'],
  ['kill -9 while a request goes out', 'crash/crash', 'sent at least once, always with the same key'],
  ['kill -9 while runs wait for their turn', 'crash/turn', 'killed while those come in that a limit held'],
  ['kill -9 between the steps of a chain', 'crash/chain', 'killed between any two decisions'],
  ['kill -9 in the midst of a login, a reset, a first link', 'crash/auth', 'in the midst of a login with a code'],
  ['every verb, role, place and state', 'service/permissions', 'every verb by every role on what is'],
  ['the same of runs, blocked and undoing ones too', 'service/permissions_work', 'by the command line'],
  ['every route, command and function, by who has its verb and who has all others', 'service/permissions_doors', 'by REST: who holds the verb of a route'],
  ['another\'s tree changed by who has one end of a change', 'service/permissions_ways', 'is changed by who may change every unit that a change reaches'],
  ['rights for oneself by a second account', 'unit/people/test_own.c', 'nor_another_account_of_their_person'],
  ['a day that is another one elsewhere', 'unit/people/test_policy.c', 'a_day_begins_and_ends_at_midnight_of_the_organisation'],
  ['a name that is not there, told by the time of the answer', 'service/auth', 'take as long for a name that is not there'],
  ['a lock as a weapon', 'service/auth', 'from where one has logged in before, a name is not locked by others'],
  ['a session that was fixed before the login', 'service/auth', 'are not taken from outside'],
  ['a code of the second factor given twice', 'service/auth', 'is asked for, once a code'],
  ['a link to a new password used twice', 'service/auth', 'sets the password once, ends all sessions and a lock'],
  ['a mail with a link to the host that a header named', 'service/auth', 'has the address that was configured, whatever host was asked'],
  ['a token that has expired', 'service/accounts', 'ends at its time'],
  ['OpenID Connect without state, nonce or challenge', 'service/oidc', 'refuses a callback that this browser has not begun'],
  ['OpenID Connect with a code of another challenge', 'service/oidc', 'refuses a code that was challenged by another'],
  ['a request forged by a GET, or from another site', 'service/auth', 'each unsafe method needs the word of this session'],
  ['cookies without their flags', 'service/auth', 'cookies are Secure with the prefix __Host-'],
  ['the first link used twice', 'service/auth', 'makes one administrator, once'],
];

// What stands between the name of a test and its end: the line that begins as it did, and closes it.
function bodyOf(file, text, words) {
  const lines = text.split('\n'), isC = file.endsWith('.c');
  const at = lines.findIndex((l) => l.includes(words) && (isC ? l.startsWith('static void') : /\b(it|test)\(/.test(l)));
  if (at < 0) return undefined;
  const indent = /^ */.exec(lines[at])[0], end = lines.findIndex((l, i) => i > at && l.startsWith(isC ? '}' : `${indent}}`));
  return { line: lines[at], body: lines.slice(at + 1, end).filter((l) => !/^\s*(\/\/|\/\*)/.test(l)).join('\n') };
}

// Functions of the file that assert, by their names; those that call them, too.
function asserting(text) {
  const names = new Set(['assert']), all = [...text.matchAll(/^(?:export )?(?:const|let|(?:async )?function) (\w+)[\s\S]*?(?=^(?:export|const|let|async|function|before|after|test|it|describe|for)\b)/gm)];
  for (let was = 0; was !== names.size;) {
    was = names.size;
    for (const [whole, name] of all) if (calls(whole.replace(name, ''), names)) names.add(name);
  }
  return names;
}
const calls = (text, names) => [...names].some((n) => new RegExp(`\\b${n}(\\.\\w+)?\\(`).test(text));

// It reads, and runs nothing: that the tests pass is said by themselves, in the same run of scripts/test.
test('each is told by a test of that name, which scripts/test runs, and which asserts something', () => {
  const script = readFileSync(join(TOP, 'scripts/test'), 'utf8'), seen = new Set();
  for (const [what, file, words] of WITHSTOOD) {
    const isC = file.endsWith('.c'), text = readFileSync(join(TOP, 'tests', isC ? file : `${file}.test.mjs`), 'utf8');
    const found = bodyOf(file, text, words);
    assert.ok(found, `${what}: ${file} has no test "${words}"`);
    assert.ok(!/\.(skip|todo|only)\(|\b(skip|todo)\b/.test(found.line), `${what} is not tried`);
    assert.ok(isC ? /\bassert_\w+\(|\bfixture_(ok|fails|refused)\(/.test(found.body) : calls(found.body.replace(/\/\/.*$/gm, ''), asserting(text)), `${what}: "${words}" of ${file} asserts nothing`);
    // Of C the group names each test again; what it leaves out does not compile: nobody calls it.
    if (isC) assert.ok(text.split(/void (\w+)/.exec(found.line)[1]).length > 2 && text.includes('cmocka_run_group_tests'), `${what} is not in the group of ${file}`);
    else assert.match(script, new RegExp(`^ *(at_once=1 )?folders (\\w+ )*${file.split('/')[0]}\\b`, 'm'), `${what}: scripts/test does not run ${file}`);
    seen.add(`${file} ${words}`);
  }
  assert.equal(seen.size, WITHSTOOD.length, 'each by another test');
  assert.match(script, /^ *part unit ctest /m);
});

test('a test that asserts nothing, or is not there, is found out by that', () => {
  const text = "const good = (x) => assert.ok(x);\nconst idle = (x) => x;\ntest('one', () => {\n  good(1);\n});\ntest('two', () => {\n  idle(1); // assert.ok(1)\n});\n  it('three', () => {\n    // assert.ok(1)\n  });\n";
  const shows = (words) => calls(bodyOf('x.test.mjs', text, words).body.replace(/\/\/.*$/gm, ''), asserting(text));
  assert.deepEqual(['one', 'two', 'three'].map(shows), [true, false, false]);
  assert.equal(bodyOf('x.test.mjs', text, 'four'), undefined);
});

const SOURCE = `
content.type("order", { fields = { title = "text!" }, title = "title", unit = true, approval = true })
flow.define("rubber", { input = { item = "integer!" }, retry = { times = 0 } }, function(run, input) content.approve(content.get("order", input.item)) end)
flow.define("claims", { input = { item = "integer!", by = "integer!" }, retry = { times = 0 } }, function(run, input)
  content.approve(content.get("order", input.item), { by = { decision = "approve", by = input.by } })
end)
flow.define("by_head", { input = { item = "integer!" } }, function(run, input)
  local item = content.get("order", input.item)
  local answer = run:ask { to = { position = "head", unit = people.unit("here") }, title = "Approve?", about = item, form = { decision = "choice:approve,return!" } }
  if answer.voided then return { voided = true } end
  content.approve(content.get("order", input.item), { by = answer })
  return { by = answer.by }
end)
route.post("/write", function(req) return { json = { id = content.create("order", { title = "By the plugin", unit = people.unit("here") }).id } } end)
`;

let s, ids, tokens = {}, count = 0;
const must = async (call, ...args) => {
  const r = await s.rpc(call, args);
  assert.ok(r.status < 300, `${call}: ${r.text}`);
  return r.json;
};
const as = (who, more = {}) => (method, path, body) => s.request(method, path, body, { authorization: `Bearer ${tokens[who]}`, ...(path.endsWith('/approve') || method === 'PATCH' ? { 'if-match': '*' } : {}), ...more });
const state = async (id) => (await must('content.get', 'order', id)).state;
const task = async (run) => {
  for (let i = 0; i < 300; i++, await pause(5)) {
    const t = (await must('task.list', { all: true, limit: 100 })).find((x) => x.run === run);
    if (t) return t.id;
  }
  throw new Error(`run ${run} asks nobody`);
};
async function written(who = 'writer') {
  const r = await as(who)('POST', '/api/content/order', { title: `T${++count}`, unit: ids.here });
  assert.equal(r.status, 201, r.text);
  assert.equal((await as(who)('POST', `/api/content/order/${r.json.id}/submit`, {})).status, 200);
  return r.json.id;
}
const asked = async (item) => {
  const { id: run } = await must('run.start', 'p.by_head', { item });
  return { run, task: await task(run) };
};

before(async () => {
  const dir = folder();
  plugin(dir, 'p', SOURCE, { needs: '{ "content", "content:publish", "flow", "people", "route" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  s.token = undefined;
  const people = ['writer', 'editor', 'head', 'late', 'reader', 'starter', 'stand_in', 'giver'];
  await must('org.import', {
    units: [{ code: 'here', name: 'Here', kind: 'unit', from: '2020-01-01' }],
    positions: [{ code: 'head', title: 'Head' }], roles: [{ name: 'linker', verbs: ['task.link'] }],
    persons: [...people, 'guest'].map((code) => ({ code, name: code })), users: [...people.map((name) => ({ name, person: name })), { name: 'robot' }],
    holders: ['head', 'late', 'guest', 'giver'].map((person) => ({ person, position: 'head', unit: 'here', from: '2020-01-01' })),
    role_holders: [...['writer', 'editor'].map((person) => ({ person, role: 'editor', unit: 'here' })), { person: 'reader', role: 'reader', unit: 'here' }, { person: 'starter', role: 'clerk' },
      ...['writer', 'editor'].map((person) => ({ person, role: 'linker', unit: 'here' })), { user: 'robot', role: 'editor' }, { user: 'robot', role: 'linker' }],
    delegations: [{ from: 'giver', to: 'stand_in', position: 'head', unit: 'here', since: '2020-01-01', until: day(400) }],
  });
  ids = Object.fromEntries((await must('org.units')).map((u) => [u.code, u.id]));
  for (const who of [...people, 'robot']) tokens[who] = (await must('user.token', who)).token;
});
after(() => s?.stop());

describe('a token for one thing alone', () => {
  it('opens no other door of the document, whatever its owner may', async () => {
    await must('user.add', 'root', { admin: true });
    const doc = await must('system.openapi'), narrow = {}, own = ['calendar.link'];
    for (const who of ['writer', 'root']) narrow[who] = (await must('user.token', who, { scope: own.join(' ') })).token;
    let tried = 0;
    for (const [path, ops] of Object.entries(doc.paths))
      for (const method of Object.keys(ops)) {
        const to = path.replace(/\{(\w+)\}/g, (_, k) => ({ type: 'order', name: 'writer', code: 'here', plugin: 'p' })[k] ?? '1'), op = `${method.toUpperCase()} ${path}`;
        if (ROUTES[op]?.own || op === 'POST /api/calendar') continue; // no verb is asked for: below; its own
        // What is everybody's is given to a token as to nobody.
        if ((await s.request(method.toUpperCase(), to, method === 'get' ? undefined : {}, { authorization: undefined })).status !== 401) continue;
        for (const who of Object.keys(narrow)) {
          const r = await s.request(method.toUpperCase(), to, ['get', 'delete'].includes(method) ? undefined : {}, { authorization: `Bearer ${narrow[who]}`, 'if-match': '*' });
          assert.ok([401, 403].includes(r.status), `${op} by ${who}: ${r.status} ${r.text.slice(0, 200)}`);
          tried++;
        }
      }
    assert.ok(tried > 200, `${tried}`);
    // Pages and one's own login are for a session; a token opens them no further.
    for (const path of ['/tasks', '/account', '/auth/sessions', '/auth/me']) {
      const r = await s.request('GET', path, undefined, { authorization: `Bearer ${narrow.writer}` });
      assert.ok([303, 401, 403].includes(r.status) || (path === '/auth/me' && r.status === 200), `${path}: ${r.status} ${r.text.slice(0, 200)}`);
    }
    assert.equal((await s.request('POST', '/x/p/write', {}, { authorization: `Bearer ${narrow.writer}` })).status, 403);
  });
});

describe('the address of a request', () => {
  it('written another way, or with another method in a header, is another request or none', async () => {
    const id = await written(), at = `/api/content/order/${id}`;
    for (const path of [`${at}/approve/`, `/${at}/approve`, `/api/content//order/${id}/approve`, `${at}%2Fapprove`, `/API/content/order/${id}/approve`, `${at}/./approve`, `${at}/x/../approve`, `${at}/approve;x=1`, `${at}/approve%00`, `${at}/approve?by=1`])
      for (const who of ['reader', 'writer']) {
        const r = await s.request('POST', path, {}, { authorization: `Bearer ${tokens[who]}`, 'if-match': '*' });
        assert.ok(r.status >= 400 && r.status < 500, `${path} by ${who}: ${r.status}`);
      }
    for (const more of [{ 'x-http-method-override': 'PATCH' }, { 'x-method-override': 'DELETE' }, { 'x-original-url': `${at}/approve` }, { 'x-rewrite-url': `${at}/approve` }, { 'x-forwarded-user': 'editor' }, { 'x-remote-user': 'editor' }]) {
      assert.equal((await as('reader', more)('GET', `${at}/draft`)).json.state, 'in_review');
      assert.equal((await as('reader', more)('POST', `${at}/approve`, {})).status, 403);
    }
    for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS', 'TRACE']) assert.ok((await as('editor')(method, `${at}/approve`)).status >= 400, method);
    assert.equal(await state(id), 'in_review');
  });
});

describe('a link that decides', () => {
  const link = (who, t, person) => as(who)('POST', `/api/tasks/${t}/link`, { person });
  const use = (path) => s.request('POST', path, new URLSearchParams({ decision: 'approve' }).toString(), { authorization: undefined, 'content-type': 'application/x-www-form-urlencoded' });

  it('is not given to who wrote the text: by it they would approve it themselves', async () => {
    const id = await written(), { task: t, run } = await asked(id);
    assert.equal((await link('writer', t, 'guest')).json.code, 'denied.separation');
    assert.equal((await link('editor', t, 'guest')).status, 201);
    await must('run.cancel', run, 'tried');
    const robots = (await as('robot')('POST', '/api/content/order', { title: 'R', unit: ids.here })).json.id;
    assert.equal((await as('robot')('POST', `/api/content/order/${robots}/submit`, {})).status, 200);
    const other = await asked(robots);
    assert.equal((await link('robot', other.task, 'guest')).json.code, 'denied.separation', 'an account without a person');
    await must('run.cancel', other.run, 'tried');
  });

  it('is no good any more when its person may not decide: demoted, switched off, no longer standing in, an author since', async () => {
    const { task: t, run } = await asked(await written());
    const paths = {};
    for (const who of ['late', 'stand_in', 'head', 'giver']) paths[who] = (await link('editor', t, who)).json.path;
    await must('org.import', { holders: [{ person: 'late', position: 'head', unit: 'here', from: '2020-01-01', to: day(-1) }], delegations: [{ from: 'giver', to: 'stand_in', position: 'head', unit: 'here', since: '2020-01-01', until: day(-2) }] });
    await must('user.disable', 'head');
    for (const who of ['late', 'stand_in', 'head']) {
      const r = await use(paths[who]);
      assert.ok([403, 409].includes(r.status), `${who}: ${r.status} ${r.text.slice(0, 300)}`);
    }
    // Another door for the same person: their own token.
    for (const who of ['late', 'stand_in', 'head']) assert.ok([401, 403].includes((await as(who)('POST', `/api/tasks/${t}/decide`, { decision: 'approve' })).status), who);
    assert.equal(sql(s.data, `select state from flow_task where id = ${t}`)[0].state, 0);
    assert.equal((await use(paths.giver)).status, 200);
    await s.until(run, ['completed']);
  });
});

describe('who stands in for another', () => {
  it('until yesterday does nothing in their name today, by no door; the last day is a whole day', async () => {
    const give = (until) => must('org.import', { delegations: [{ from: 'giver', to: 'stand_in', position: 'head', unit: 'here', since: '2020-01-01', until }] });
    await give(day(-2));
    const { task: t, run } = await asked(await written());
    const doors = { rest: async () => (await as('stand_in')('POST', `/api/tasks/${t}/decide`, { decision: 'approve' })).status, claim: async () => (await as('stand_in')('POST', `/api/tasks/${t}/claim`, {})).status,
      pass: async () => (await as('stand_in')('POST', `/api/tasks/${t}/delegate`, { person: 'writer' })).status, socket: async () => (await s.rpc('task.decide', [t, { decision: 'approve' }], 'stand_in')).status,
      many: async () => (await as('stand_in')('POST', '/api/tasks/decide', { tasks: [t], answer: { decision: 'approve' } })).json.results?.[0]?.done ?? false };
    for (const [name, door] of Object.entries(doors)) assert.ok([403, false].includes(await door()), name);
    assert.equal((await s.rpc('policy.why', ['stand_in', 'decide', `task:${t}`])).json.kind, 'delegation_ended');
    assert.equal((await as('giver')('POST', `/api/tasks/${t}/decide`, { decision: 'approve' })).status, 200);
    await s.until(run, ['completed']);
  });
});

describe('a run, which may what its plugin may', () => {
  it('approves nothing by itself, and nothing in the name of who wrote the text', async () => {
    const { id: me } = (await must('people.person_list', { code: 'writer' }))[0];
    for (const [flow, input] of [['p.rubber', {}], ['p.claims', { by: me }]]) {
      const id = await written(), r = await as('starter')('POST', '/api/runs', { flow, input: { item: id, ...input } });
      assert.equal(r.status, 201, r.text);
      const run = await s.until(r.json.id, ['completed', 'failed']);
      assert.deepEqual([run.state, await state(id)], ['failed', 'in_review'], `${flow} ${JSON.stringify(run)}`);
      await must('plugin.enable', 'p');
    }
  });
});

describe('a key by which a request is done once', () => {
  it('is its owner\'s: with another\'s one gets neither their answer nor their right', async () => {
    const key = { 'idempotency-key': 'same' }, body = { title: 'Secret', unit: ids.here };
    const first = await as('writer', key)('POST', '/api/content/order', body);
    assert.equal(first.status, 201);
    assert.equal((await as('reader', key)('POST', '/api/content/order', body)).status, 403);
    const second = await as('editor', key)('POST', '/api/content/order', body);
    assert.deepEqual([second.status, second.json.id === first.json.id], [201, false]);
    assert.equal((await s.request('POST', '/api/content/order', body, { ...key, authorization: undefined })).status, 401);
  });
});
