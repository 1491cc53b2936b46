// The audit: every change stands in it, in the transaction of the change; the chain tells the first row that was touched behind its back.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve, sqlite } from '../lib/khung.mjs';
import { browser } from '../lib/browser.mjs';
import { upload } from '../lib/file.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!", body = "markdown" }, title = "title" })
local rows = storage.table("row", { fields = { n = "integer!", word = "text" } })
flow.define("work", { title = "Work", input = { n = "integer!" } }, function(run, input)
  local id = rows:insert { n = input.n, word = "first" }
  rows:update(id, { word = "second" })
  rows:insert { n = input.n + 1 }
  storage.kv.set("last", input.n)
  local item = content.create("note", { title = "A note" })
  local refused = pcall(function() rows:insert { n = "no number" } end)
  assert(not refused)
  local answer = run:ask { to = { position = "head", unit = "office" }, title = "Is it right?" }
  rows:delete(id)
  return answer.decision
end)
flow.define("fails", { retry = { times = 0 } }, function(run)
  rows:insert { n = 99 }
  error("after the insert")
end)
report.define("rows", { columns = { { "n", "integer" } } }, function(p, out)
  for _, r in ipairs(rows:find {}) do out:row { r.n } end
end)
`;
const sql = (s, text) => sqlite(s.data, text);

async function office() {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "storage", "content", "people", "report" }' });
  const s = await serve({ dir });
  await s.admin();
  await s.must('user', 'role', 'boss', 'auditor');
  return s;
}

const read = (s, ...words) => s.must('audit', 'list', ...words, '--as', 'boss').then((r) => r.items);

async function decided(s) {
  const run = await s.startFlow('office.work', { n: 1 });
  const [task] = await s.must('task', 'list', '--user', 'boss');
  await s.must('task', 'decide', task.id, '--as', 'boss', '--decision', 'approve');
  for (let i = 0; i < 200; i++, await pause(10))
    if ((await s.must('flow', 'show', run)).state === 'completed') return run;
  throw new Error('the run does not end');
}

test('what a run does stands in the audit with who, what, before and after; what was rolled back does not', async () => {
  const s = await office();
  const run = await decided(s);
  const all = (await read(s, '--run', run)).reverse();
  assert.deepEqual(all.map((e) => e.verb), ['storage.insert', 'storage.update', 'storage.insert', 'storage.kv.set', 'content.create',
    'storage.delete', 'flow.completed']);
  assert.deepEqual(all[1].before, { word: 'first' });
  assert.deepEqual(all[1].after, { word: 'second' });
  assert.equal(all[1].kind, 'table:office.row');
  assert.equal(all[5].before.word, 'second');
  const [decision] = await read(s, '--verb', 'task.decide');
  assert.equal(decision.who, 'boss');
  assert.equal(decision.as, 'head');
  assert.equal(decision.after.decision, 'approve');
  assert.match(decision.from, /^cli /);
  const failed = await s.startFlow('office.fails');
  const verbs = (await read(s, '--kind', 'run', '--id', failed)).map((e) => e.verb);
  assert.deepEqual(verbs, ['flow.failed', 'flow.start']);
  assert.equal((await read(s, '--verb', 'storage.insert')).some((e) => e.after.n === 99), false);
  await s.stop();
});

test('a thing and a person are found by the index, too, and pages go on', async () => {
  const s = await office();
  for (let i = 0; i < 5; i++) await s.startFlow('office.work', { n: i });
  const run = await decided(s);
  // The index is made a little later; both ways must give the same.
  await s.until1('it is indexed', async () => Number(sql(s, 'select count(*) from audit_index')) > 0);
  const by = await read(s, '--kind', 'run', '--id', run);
  assert.deepEqual(by.map((e) => e.verb), ['flow.completed', 'flow.start']);
  const mine = await read(s, '--person', 'boss', '--verb', 'task.*');
  assert.deepEqual(mine.map((e) => e.verb), ['task.decide']);
  const pages = [];
  for (let after, n = 0; n < 50; n++) {
    const page = await s.must('audit', 'list', '--limit', 3, ...(after ? ['--after', after] : []), '--verb', 'flow.start', '--as', 'boss');
    pages.push(...page.items);
    if (!(after = page.next)) break;
  }
  assert.equal(pages.length, 6);
  await s.stop();
});

test('accounts, plugins and the organisation are told; secrets are not', async () => {
  const s = await office();
  await s.must('user', 'add', 'clerk');
  await s.must('user', 'token', 'clerk', '--label', 'phone');
  const verbs = (await read(s)).map((e) => e.verb);
  for (const v of ['user.add', 'user.token', 'user.role', 'org.import']) assert.ok(verbs.includes(v), v);
  assert.doesNotMatch(JSON.stringify(await read(s)), /kh_/);
  await s.stop();
});

test('reading a report and the audit itself is told before it is answered; over HTTP with the address', async () => {
  const s = await office();
  assert.equal((await s.request('GET', '/api/reports/rows')).status, 200);
  const [report] = await read(s, '--verb', 'report.run');
  assert.equal(report.name, 'rows');
  assert.match(report.from, /^http 127\.0\.0\.1 /);
  assert.equal((await s.request('GET', '/api/audit?limit=5')).status, 200);
  assert.ok((await read(s, '--verb', 'audit.list')).length >= 2);
  await s.stop();
});

test('who reads what is kept of persons is told: the organisation given out, what somebody has on their desk, from where they logged in', async () => {
  const s = await office();
  assert.equal((await s.request('GET', '/api/org/export')).status, 200);
  assert.equal((await s.request('GET', '/api/persons/guest/handover')).status, 200);
  await s.must('user', 'sessions', 'boss');
  for (const [verb, name] of [['org.export', undefined], ['task.handover', 'guest'], ['user.sessions', 'boss']]) {
    const [told] = await read(s, '--verb', verb);
    assert.equal(told?.kind, 'read', verb);
    assert.equal(told.name, name, verb);
  }
  assert.equal((await read(s, '--verb', 'org.export'))[0].who, 'boss');
  const before = (await read(s, '--verb', 'org.export')).length;
  await s.must('user', 'add', 'nobody');
  assert.equal((await s.request('GET', '/api/org/export', undefined, { authorization: `Bearer ${(await s.must('user', 'token', 'nobody')).token}` })).status, 403);
  assert.equal((await read(s, '--verb', 'org.export')).length, before, 'what was refused was not read');
  await s.stop();
});

test('the administrator of the system may verify, and may not read what people did', async () => {
  const s = await office();
  await s.must('user', 'add', 'root2', '--admin');
  assert.equal((await s.must('audit', 'verify', '--as', 'root2')).whole, true);
  const r = await s.cli('audit', 'list', '--as', 'root2');
  assert.equal(r.code, 1);
  assert.match(r.err, /audit\.read/);
  await s.stop();
});

test('what the host does by itself is told, too: code that serves since a start, a question that is passed on, an account that is locked, a file that nobody kept', async () => {
  const dir = folder(), late = 'flow.define("late", { title = "Late" }, function(run) return run:ask { to = { position = "head", unit = "office" }, title = "Q", within = "1 hour", escalate = { position = "none" } } end)\n';
  plugin(dir, 'office', late, { needs: '{ "flow", "people" }' });
  const s = await serve({ dir, config: { lock_after: 3 } });
  await s.admin();
  await s.must('user', 'role', 'boss', 'auditor');
  const [first] = (await read(s, '--verb', 'plugin.activate'));
  assert.deepEqual([first.kind, first.name, first.after.version, first.before], ['plugin', 'office', '1.0.0', undefined]);
  const run = await s.startFlow('office.late', {});
  const { token } = await s.must('user', 'token', 'boss');
  const file = (await upload(s, token, 'nobody keeps it')).json;
  for (let i = 0; i < 5; i++) for (const user of ['boss', 'nobody']) await browser(s).login(user, 'wrong');
  const locked = await read(s, '--verb', 'auth.locked');
  assert.equal(locked.length, 1, 'of an account, and once');
  await s.restart();
  assert.equal((await read(s, '--verb', 'plugin.activate')).length, 1, 'the same code is not told again');
  await s.stop();
  plugin(dir, 'office', `${late}-- other\n`, { needs: '{ "flow", "people" }' });
  s.config.clock_offset = 3 * 86400000;
  await s.start();
  const [second] = await read(s, '--verb', 'plugin.activate');
  assert.equal(second.before.hash, first.after.hash);
  assert.notEqual(second.after.hash, first.after.hash);
  const told = async (verb, kind) => { for (let i = 0; i < 400; i++, await pause(25)) { const all = await read(s, '--verb', verb); if (all.length) return all.map((e) => [e.kind, e.id]); } return kind; };
  const [task] = (await s.must('task', 'list')).filter((t) => t.run === run);
  assert.deepEqual(await told('task.escalated'), [['task', task.id]]);
  assert.deepEqual(await told('file.sweep'), [['file', file.id]]);
  assert.equal((await s.must('audit', 'verify')).whole, true);
  await s.stop();
});
