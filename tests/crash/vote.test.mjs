// The service is killed while keys of secret votes are swept, and while votes of an older version are taken over.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dies, startTo } from '../lib/crash.mjs';
import { pause, sqlite } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

const FOUR = ['lan', 'mai', 'hoa', 'cuc'];
const vote = `run:vote { voters = { ${FOUR.map((n) => `person("${n}")`).join(', ')} }, title = "Motion", secret = true }`;
const SECRET = flow('secret', `return ${vote}`) + flow('caught', `local ok, e = pcall(function() return ${vote} end)\nreturn { ok = ok, code = e.code }`);
const keys = (s) => readdirSync(s.data).filter((f) => /^vote-.*\.key$/.test(f));
const sql = (s, text) => sqlite(s.data, text);

async function cast(s, who, run, decision) {
  const mine = (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
  if (!mine) return null; // taken before the kill
  return s.as(who)('POST', `/api/tasks/${mine.id}/decide`, { decision });
}

describe('killed at vote.key_gone', () => {
  // A plugin that is slow to load holds the lane, so that a ballot and the next set of plugins come into one transaction.
  it('with a ballot and a reload in one transaction: the key that is gone is of a state that was committed over', { timeout: 120000 }, async () => {
    const s = await office(`local n = 0 for i = 1, 6000000 do n = n + i end\n${SECRET}`);
    const edit = () => appendFileSync(join(s.dir, 'plugins/t/init.lua'), `-- ${Math.random()}\n`);
    for (const who of FOUR) await s.as(who)('GET', '/api/inbox');
    let died = 0;
    // How long the first takes is the machine's: tried until the two come together.
    for (const after of [15, 30, 60, 120, 240]) {
      if (died > 0 && after > 30) break;
      const run = await s.startFlow('t.secret');
      await s.open(run, 4);
      assert.equal((await cast(s, 'lan', run, 'approve')).status, 200);
      await s.until1('one key is left', async () => keys(s).length === 1);
      await s.restart({ KHUNG_CRASH_AT: 'vote.key_gone:1' });
      const mine = (await s.as('mai')('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
      edit();
      const first = s.cli('plugin', 'reload');
      await pause(after);
      edit();
      const ballot = s.as('mai')('POST', `/api/tasks/${mine.id}/decide`, { decision: 'reject' }).catch(() => null);
      await Promise.all([first, ballot, s.cli('plugin', 'reload')]);
      await Promise.race([s.ended, pause(2000)]);
      died += s.gone ? 1 : 0;
      if (s.gone) await s.start();
      for (const [who, said] of [['mai', 'reject'], ['hoa', 'approve'], ['cuc', 'approve']]) {
        const r = await cast(s, who, run, said);
        assert.ok(!r || r.status === 200, r?.text);
      }
      const end = await s.done(run);
      assert.deepEqual(end.result?.counts, { approve: 3, reject: 1, abstain: 0 }, JSON.stringify(end));
      assert.deepEqual(keys(s), []);
    }
    assert.ok(died > 0, 'vote.key_gone is never passed');
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });
});

describe('killed at vote.unread', () => {
  it('while a vote is marked, or the mark goes: the next look does it, and no ballot is lost', { timeout: 60000 }, async () => {
    const s = await office(SECRET), run = await s.startFlow('t.secret'), way = 'vote.unread:1';
    await s.open(run, 4);
    for (const who of FOUR) await s.as(who)('GET', '/api/inbox');
    assert.equal((await cast(s, 'lan', run, 'approve')).status, 200);
    await s.until1('one key is left', async () => keys(s).length === 1);
    const file = join(s.data, keys(s)[0]), orphans = async () => (await s.must('task', 'orphans')).length;
    renameSync(file, `${file}.away`);
    mkdirSync(file);
    assert.ok(await startTo(s, way));
    await cast(s, 'mai', run, 'reject').catch(() => null);
    await dies(s, way);
    await s.start();
    assert.equal(await orphans(), 0);
    assert.equal((await cast(s, 'mai', run, 'reject')).status, 500);
    await s.until1('its ballots are orphans', async () => await orphans() === 3);
    await s.stop();
    rmSync(file, { recursive: true });
    renameSync(`${file}.away`, file);
    await startTo(s, way);
    await dies(s, way);
    await s.start();
    await s.until1('it can be read again', async () => await orphans() === 0);
    for (const [who, said] of [['mai', 'reject'], ['hoa', 'approve'], ['cuc', 'approve']]) assert.equal((await cast(s, who, run, said)).status, 200);
    assert.deepEqual((await s.done(run)).result.counts, { approve: 3, reject: 1, abstain: 0 });
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });
});

// As the version before had it: boxes that the key of the vote opens (crypto_box_seal; two for it, one against).
const OLD = {
  secret: '2fad39fefd7fa3e200a9c626eef599e61a2d055c48a8288a4e7e4c4bca3928f8',
  open: '761d88ec830413919dfe9d4d1d56f17e653c8c994082df5b137b90a0ae6edf74',
  boxes: ['32b9de3825b7a07dbcfa32dbee71db61f5306f031a909c5edfb499827248f858860987659122b10a1532753331706d0b3e795bef859fce63ebf4a662bb0aa6b16dc4030cb7f4ea5ccfe08dc60e85e159',
    '788fdb35afe050b21abbd8c0c2a873eb22c42359adad2b8f3a26752d880bea50a85eafbef51cfccb07e951d5f37c446f9732634815ef3df5a71bbe6f8bd2fbc99e95fe10bc477931009be3b5adb4c3a4',
    '4ec80ca2523c875154329ef8c2930c6c72669d9a0de6514e2c32db9e60ea71401a1d84d53cf92491e9cfa8098fdb7dc0d3d12bd9eeaca411922970462118c25951410f82097ceb3ddc66ee333cffde50'],
};

// The database back to what that version left.
function age(s, run) {
  const entry = sql(s, `select entry from flow_vote where run = ${run}`);
  sql(s, `drop table flow_vote_count; alter table flow_vote add column key blob;
    create table flow_ballot(id blob primary key, run integer not null, entry integer not null, box blob not null) without rowid;
    create index flow_ballot_vote on flow_ballot(run, entry);
    delete from migration where name in ('flow/vote_count', 'flow/vote_boxes');
    update flow_vote set key = x'${OLD.open}' where run = ${run};
    ${OLD.boxes.map((b, i) => `insert into flow_ballot values(x'0${i}', ${run}, ${entry}, x'${b}');`).join('\n')}`);
  for (const f of keys(s)) execFileSync('rm', [join(s.data, f)]);
  const file = join(s.data, `vote-${run}-${entry}.key`);
  writeFileSync(file, Buffer.from(OLD.secret, 'hex'), { mode: 0o600 });
  return file;
}

describe('a secret vote that was open in the version before', () => {
  for (const point of [null, 'vote.key_written:1', ...Array.from({ length: 4 }, (_, i) => `store.migrate_${i % 2 ? 'after' : 'before'}:${1 + (i >> 1)}`)])
    it(`is counted with its boxes${point ? `, killed at ${point}` : ''}; its key goes`, { timeout: 60000 }, async () => {
      const s = await office(SECRET), run = await s.startFlow('t.secret');
      await s.open(run, 4);
      for (const [who, said] of [['lan', 'approve'], ['mai', 'approve'], ['hoa', 'reject']]) assert.equal((await cast(s, who, run, said)).status, 200);
      await s.as('cuc')('GET', '/api/inbox');
      await s.stop();
      const file = age(s, run);
      if (point) {
        await assert.rejects(s.start({ KHUNG_CRASH_AT: point }));
        assert.equal((await s.ended).signal, 'SIGKILL', s.log);
        assert.ok(existsSync(file), 'the old key stays until the boxes are counted for good');
      }
      await s.start();
      await s.until1('one key is left', async () => keys(s).length === 1 && !existsSync(file));
      assert.equal((await cast(s, 'cuc', run, 'reject')).status, 200);
      const end = await s.done(run);
      assert.deepEqual(end.result?.counts, { approve: 2, reject: 2, abstain: 0 }, JSON.stringify(end));
      assert.equal(sql(s, "select count(*) from sqlite_master where name in ('flow_ballot', 'flow_vote_boxes')"), '0');
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });

  it('waits with the upgrade while its key cannot be read, and ends at its next ballot if the key is lost', { timeout: 60000 }, async () => {
    const s = await office(SECRET), run = await s.startFlow('t.caught');
    await s.open(run, 4);
    for (const who of ['lan', 'mai', 'hoa']) assert.equal((await cast(s, who, run, 'approve')).status, 200);
    await s.as('cuc')('GET', '/api/inbox');
    await s.stop();
    const file = age(s, run);
    writeFileSync(file, 'short');
    await assert.rejects(s.start(), /cannot be read now/);
    assert.equal(sql(s, 'select count(*) from flow_ballot'), '3');
    execFileSync('rm', [file]);
    await s.start();
    const r = await cast(s, 'cuc', run, 'approve');
    assert.deepEqual([r.status, r.json.code], [409, 'vote.sealed'], r.text);
    const end = await s.done(run);
    assert.deepEqual(end.result, { ok: false, code: 'vote.sealed' }, JSON.stringify(end));
    await s.stop();
  });
});
