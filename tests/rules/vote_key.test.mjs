// Keys of secret votes that cannot be read, or not be wiped: nothing is lost by it, and it is told.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flow, office } from '../lib/office.mjs';

const THREE = ['lan', 'mai', 'hoa'];
const vote = `run:vote { voters = { ${THREE.map((n) => `person("${n}")`).join(', ')} }, title = "Motion", secret = true }`;
const SOURCE = flow('secret', `return ${vote}`) + flow('caught', `local ok, e = pcall(function() return ${vote} end)\nreturn { ok = ok, code = e.code }`);
const keys = (s) => readdirSync(s.data).filter((f) => /^vote-.*\.key$/.test(f)).map((f) => join(s.data, f));

async function cast(s, who, run, decision = 'approve', headers = {}) {
  const mine = (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
  return s.as(who)('POST', `/api/tasks/${mine.id}/decide`, { decision }, headers);
}

const unread = async (s) => Number((await s.request('GET', '/metrics')).text.match(/^khung_votes_unread (\d+)$/m)[1]);
// Each ballot is an orphan with its reason, and operators are told once.
async function told(s, run, n) {
  const all = await s.until1('its ballots are orphans', async () => { const l = (await s.must('task', 'orphans', '--lang', 'en')).filter((t) => t.run === run); return l.length === n && l; });
  for (const t of all) assert.match(t.reason, /key of its secret vote cannot be read/);
  assert.equal((await s.must('task', 'show', all[0].id)).orphan_why, 'task.orphan_key');
  assert.equal(await unread(s), 1);
  const notices = await s.until1('operators are told', async () => { const l = (await s.as('chi')('GET', '/api/notices')).json.filter((x) => x.kind === 'task.vote_unread'); return l.length && l; });
  assert.equal(notices.length, 1);
  assert.equal(await s.as('mai')('GET', '/api/notices').then((r) => r.json.filter((x) => x.kind === 'task.orphaned').length), 0);
}
const OPERATOR = { org: { role_holders: [{ role: 'operator', person: 'chi', from: '2020-01-01' }] } };

describe('the key of a secret vote', () => {
  it('that cannot be read now ends nothing: the ballot is refused as a fault, and taken when it is sent again', async () => {
    const s = await office(SOURCE, OPERATOR);
    await s.admin();
    const run = await s.startFlow('t.secret');
    await s.open(run, 3);
    assert.equal((await cast(s, 'lan', run)).status, 200);
    const [file] = await s.until1('one key is left', async () => keys(s).length === 1 && keys(s));
    renameSync(file, `${file}.away`);
    for (const put of [() => mkdirSync(file), () => writeFileSync(file, 'short')]) {
      put();
      const r = await cast(s, 'mai', run, 'reject', { 'idempotency-key': 'again' });
      assert.deepEqual([r.status, r.json.code], [500, 'vote.key_unread'], r.text);
      assert.ok(!r.text.includes(s.data), r.text);
      assert.equal((await s.open(run, 2)).length, 2);
      await told(s, run, 2);
      rmSync(file, { recursive: true });
    }
    mkdirSync(file);
    await s.restart(); // it is still so
    assert.equal((await unread(s)), 1);
    assert.equal((await s.must('task', 'orphans')).length, 2);
    rmSync(file, { recursive: true });
    renameSync(`${file}.away`, file);
    await s.restart();
    await s.until1('it can be read again', async () => (await unread(s)) === 0 && (await s.must('task', 'orphans')).length === 0);
    for (const [who, said] of [['mai', 'reject'], ['hoa', 'approve']]) assert.equal((await cast(s, who, run, said, { 'idempotency-key': 'again' })).status, 200);
    assert.deepEqual((await s.done(run)).result.counts, { approve: 2, reject: 1, abstain: 0 });
    await s.stop();
  });

  it('that cannot be read when the term is over ends nothing either: it is counted once it can be', async () => {
    const s = await office(flow('short', `return ${vote.replace('secret = true', 'secret = true, within = "1h"')}`), OPERATOR);
    await s.admin();
    const run = await s.startFlow('t.short');
    await s.open(run, 3);
    for (const who of ['lan', 'mai']) assert.equal((await cast(s, who, run)).status, 200);
    const [file] = await s.until1('one key is left', async () => keys(s).length === 1 && keys(s));
    renameSync(file, `${file}.away`);
    mkdirSync(file);
    await s.later(2);
    await told(s, run, 1);
    assert.equal((await s.open(run, 1)).length, 1);
    rmSync(file, { recursive: true });
    renameSync(`${file}.away`, file);
    await s.restart();
    const r = (await s.done(run)).result;
    assert.deepEqual([r.counts, r.timed_out], [{ approve: 2, reject: 0, abstain: 0 }, true]);
    await s.stop();
  });

  it('is the reason of its ballots for as long as it is; behind it may be another, and the other way round', async () => {
    const s = await office(SOURCE, OPERATOR);
    const run = await s.startFlow('t.secret');
    await s.open(run, 3);
    assert.equal((await cast(s, 'lan', run)).status, 200);
    const [file] = await s.until1('one key is left', async () => keys(s).length === 1 && keys(s));
    const [mai, hoa] = (await Promise.all(['mai', 'hoa'].map((who) => s.as(who)('GET', '/api/inbox')))).map((r) => r.json.tasks[0].id);
    const why = (id, key) => s.until1(`${key}`, async () => (await s.must('task', 'show', id)).orphan_why === key);
    const hide = async () => { renameSync(file, `${file}.away`); mkdirSync(file); assert.equal((await cast(s, 'hoa', run)).status, 500); };
    const give = async () => { rmSync(file, { recursive: true }); renameSync(`${file}.away`, file); await s.restart(); };
    await hide();
    for (const id of [mai, hoa]) await why(id, 'task.orphan_key');
    await s.must('user', 'disable', 'mai');
    await give();
    await why(mai, 'task.orphan_person');
    await why(hoa, undefined);
    await hide();
    for (const id of [mai, hoa]) await why(id, 'task.orphan_key');
    await give();
    await why(mai, 'task.orphan_person');
    await s.must('user', 'enable', 'mai');
    s.tokens.mai = (await s.must('user', 'token', 'mai')).token;
    await why(mai, undefined);
    for (const who of ['mai', 'hoa']) assert.equal((await cast(s, who, run)).status, 200);
    assert.equal((await s.done(run)).result.counts.approve, 3);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('is tried again for each vote, however many cannot be read, and the log has each once', async () => {
    const s = await office(SOURCE), run = await s.startFlow('t.secret');
    await s.admin();
    await s.open(run, 3);
    await s.stop();
    // A hundred more like it, of runs before it.
    const before = Array.from({ length: 100 }, (_, i) => i + 1), [file] = keys(s);
    execFileSync('sqlite3', [join(s.data, 'khung.db'), `update flow_vote set unread = 1;
${['flow_vote', 'flow_vote_count'].map((t) => `create temp table one_${t} as select * from ${t};
${before.map((n) => `update one_${t} set run = ${n}; insert into ${t} select * from one_${t};`).join('\n')}`).join('\n')}`]);
    for (const n of before) mkdirSync(file.replace(`vote-${run}-`, `vote-${n}-`));
    await s.start();
    await s.until1('the last one is tried', async () => (await unread(s)) === 100);
    assert.ok(!s.log.includes('vote.unread'), s.log);
    await s.stop();
  });

  it('that is lost ends the vote, and whose ballot finds it out is told that it was not taken; also by the last who takes no part', async () => {
    const s = await office(SOURCE);
    for (const last of [false, true]) {
      const run = await s.startFlow('t.caught');
      await s.open(run, 3);
      for (const who of last ? ['lan', 'mai'] : ['lan']) assert.equal((await cast(s, who, run)).status, 200);
      const all = await s.until1('one key is left', async () => keys(s).length === 1 && keys(s));
      rmSync(all[0]);
      const mine = (await s.as('hoa')('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
      const r = await s.as('hoa')('POST', `/api/tasks/${mine.id}/${last ? 'recuse' : 'decide'}`, last ? { reason: 'kin' } : { decision: 'approve' });
      assert.deepEqual([r.status, r.json.code], [409, 'vote.key_lost'], r.text);
      const end = await s.done(run);
      assert.deepEqual(end.result, { ok: false, code: 'vote.key_lost' }, JSON.stringify(end));
      assert.equal((await s.must('task', 'list')).length, 0);
    }
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('that cannot be wiped is told of once, does not keep others, and is wiped at a commit when it can be', async () => {
    const s = await office(SOURCE), run = await s.startFlow('t.secret');
    await s.open(run, 3);
    const stuck = join(s.data, 'vote-1-1.0011223344556677.key'), told = () => s.log.split('\n').filter((l) => l.includes('vote.key_kept')).length;
    mkdirSync(stuck);
    for (const who of ['lan', 'mai']) {
      assert.equal((await cast(s, who, run)).status, 200);
      await s.until1('the others are wiped', async () => keys(s).length === 2);
    }
    assert.equal(told(), 1, s.log);
    rmSync(stuck, { recursive: true });
    writeFileSync(stuck, readFileSync(keys(s)[0]));
    assert.equal((await cast(s, 'hoa', run)).status, 200);
    await s.done(run);
    await s.until1('none is left', async () => keys(s).length === 0);
    await s.stop();
  });

  it('of a state that never came to a commit goes with the next one', async () => {
    const s = await office(flow('falls', `run:all { a = function() return ${vote} end, b = function() while true do end end }`)), run = await s.startFlow('t.falls');
    await s.until1('the slice with the vote is rolled back', async () => (await s.flow(run)).error?.code === 'limit.time');
    await s.until1('its key is gone', async () => keys(s).length === 0);
    await s.stop();
  });
});
