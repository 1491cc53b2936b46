// Killed at each point of an erasure: after the next start it goes on to its end, the chain is whole at every moment, nothing is erased twice
// or forgotten, and no act tells of what was not done.
import { before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { around, crashNames, dies, keep, killedOn, startTo } from '../lib/crash.mjs';
import { office, ended, nominate, sql, traces, NAME, REASON } from '../lib/erasure.mjs';
import { archive, fill, MAIL, NAME as PERSON, PHONE, REASON as GROUND } from '../lib/personal.mjs';

const points = crashNames(/^(audit|people)\.erase_/);
assert.equal(points.length, 8);

describe('an erasure after kill -9', () => {
  let s, back;
  before(async () => {
    s = await office(2);
    // Several pieces: rows that hold nothing, with some that do between.
    for (let i = 0; i < 12; i++)
      await Promise.all(Array.from({ length: 40 }, (_, j) => nominate(s, s.boss, j === i ? NAME : `row ${i} ${j}`)));
    back = await keep(s);
  });
  for (const point of [...points.map((p) => `${p}:1`), 'audit.erase_again:2', ...['thing', 'row', 'piece'].flatMap((p) => [`audit.erase_${p}:2`, `audit.erase_${p}:7`]),
    ...['audit.erase_begun:1', 'audit.erase_piece:1', 'audit.erase_piece:2', 'audit.erase_done:1'].flatMap((p) => [`${p}>lane.before_commit`, `${p}>lane.after_commit`])])
    it(point, { timeout: 120000 }, async () => {
      await back();
      await startTo(s, point);
      let asked = null;
      if (!s.gone) asked = await s.request('POST', '/api/audit/erasures', { person: 'hongvan', reason: REASON }, { authorization: `Bearer ${s.boss}` }).catch(() => null);
      await dies(s, point);
      await s.start();
      assert.equal((await s.must('audit', 'verify')).whole, true, 'right after the start');
      const begun = (await s.request('GET', '/api/audit/erasures', undefined, { authorization: `Bearer ${s.boss}` })).json;
      if (asked?.status === 201) assert.equal(begun.length, 1, 'what was answered is there');
      if (!begun.length) {
        assert.equal(sql(s, "select count(*) from person where code = 'hongvan'"), '1', 'not begun, and nothing of it done');
        const r = await s.request('POST', '/api/audit/erasures', { person: 'hongvan', reason: REASON }, { authorization: `Bearer ${s.boss}` });
        assert.equal(r.status, 201, r.text);
      }
      const [done] = await ended(s);
      const whole = await s.must('audit', 'verify');
      assert.equal(whole.whole, true);
      assert.equal(whole.erased, done.values, 'acts and rows agree');
      assert.ok(done.rows >= 16, JSON.stringify(done));
      assert.doesNotMatch(JSON.stringify(await s.read()), /Hồng Vân|hongvan/);
      assert.equal(sql(s, "select count(*) from person where code = 'hongvan'"), '0');
      assert.equal(sql(s, 'select count(*) from audit_erasure where traces is not null'), '0', 'what they were known by is forgotten');
      const left = traces(s).filter((t) => !t.startsWith(NAME) || !t.endsWith('khung.db'));
      assert.deepEqual(left, [], 'the name stands in the table of nominations alone');
      await s.stop();
    });
});

// In all places, with a run that is open: it waits for that over any number of ends, and goes on when it has ended.
describe('an erasure of all places after kill -9', () => {
  let s, made, back;
  before(async () => {
    s = await archive();
    made = await fill(s);
    back = await keep(s);
  });
  for (const point of [...['audit.erase_thing', 'audit.content_half', 'audit.table_half'].flatMap((p) => [`${p}:1`, `${p}:3`]), 'audit.wait_put:1', 'audit.erase_again:1', 'audit.wait_put>audit.erase_again',
    ...['audit.erase_thing:1', 'audit.content_half:1', 'audit.table_half:1', 'audit.wait_put:1'].flatMap((p) => [`${p}>lane.before_commit`, `${p}>lane.after_commit`])])
    it(point, { timeout: 120000 }, async () => {
      await back();
      const ask = () => s.request('POST', '/api/audit/erasures', { person: 'hoa', reason: GROUND, published: true }, { authorization: `Bearer ${s.tokens.boss}` });
      await killedOn(s, point, ask);
      assert.equal((await s.must('audit', 'verify')).whole, true, 'right after the start');
      if (!(await s.erasure())) assert.equal((await ask()).status, 201);
      const waits = await s.until1('it waits', async () => { const e = await s.erasure(); return e.state === 'waiting' && e; });
      assert.deepEqual(waits.waits.map((w) => w.id), [made.open]);
      await s.kill();
      await s.start();
      assert.equal((await s.erasure()).state, 'waiting', 'over an end of the process');
      await s.must('flow', 'cancel', made.open);
      const done = await s.until1('it is done', async () => { const e = await s.erasure(); return e.state === 'done' && e; });
      const whole = await s.must('audit', 'verify');
      assert.deepEqual([whole.whole, whole.erased], [true, done.values]);
      assert.deepEqual(await s.must('verify'), []);
      const places = Object.fromEntries(done.places.map((p) => [p.place, p]));
      assert.deepEqual([places.tables.values, places.content.things, places.content.kept], [9, 2, 0], 'nothing twice, nothing forgotten');
      for (const file of ['khung.db', 'khung.db-wal'])
        for (const text of [PERSON, MAIL, PHONE])
          if (existsSync(join(s.data, file))) assert.ok(!readFileSync(join(s.data, file)).includes(Buffer.from(text)), `${text} in ${file}`);
      await s.stop();
    });
});

// An administrator says that what holds it up stays: killed at each point of that, it is said whole or not at all, and the erasure ends.
describe('an erasure that goes on without one thing, after kill -9', () => {
  let s, made, back, boss, waits;
  before(async () => {
    s = await archive();
    made = await fill(s);
    boss = (method, path, body) => s.request(method, path, body, { authorization: `Bearer ${s.tokens.boss}` });
    assert.equal((await boss('POST', '/api/audit/erasures', { person: 'hoa', reason: GROUND })).status, 201);
    waits = await s.until1('it waits', async () => { const e = await s.erasure(); return e.state === 'waiting' && e; });
    back = await keep(s);
  });
  for (const [point, wanted] of [...around('audit.skip_put'), ['audit.erase_again', false], ['audit.skip_put>audit.erase_again', true],
    ...around('audit.erase_done').map(([way]) => [`audit.skip_put>${way}`, true])])
    it(point, { timeout: 120000 }, async () => {
      await back();
      const skip = () => boss('POST', `/api/audit/erasures/${waits.id}/skip`, { place: 'runs', id: made.open, reason: 'Open for years' });
      const answer = await killedOn(s, point, skip);
      assert.equal((await s.must('audit', 'verify')).whole, true, 'right after the start');
      const said = Number(sql(s, 'select count(*) from audit_erasure_skip')), told = (await s.must('audit', 'list', '--verb', 'audit.erase_skip', '--as', 'boss')).items.length;
      assert.equal(said, wanted ? 1 : 0);
      assert.equal(told, said, 'told if it was done, and only then');
      if (answer?.status === 204) assert.equal(said, 1, 'what was answered is there');
      if (!said) assert.equal((await skip()).status, 204);
      const done = await s.until1('it is done', async () => { const e = await s.erasure(); return e.state === 'done' && e; });
      assert.equal(done.left.filter((l) => l.why === 'audit.left_skipped').length, 1);
      assert.equal(new Set(done.left.map((l) => `${l.place} ${l.what}`)).size, done.left.length, 'nothing twice');
      assert.deepEqual(done.left.filter((l) => l.place === 'outside').length, 3);
      const whole = await s.must('audit', 'verify');
      assert.deepEqual([whole.whole, whole.erased], [true, done.values]);
      await s.stop();
    });
});
