// Killed at each point of an erasure: after the next start it goes on to its end, the chain is whole at every moment, nothing is erased twice
// or forgotten, and no act tells of what was not done.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOP } from '../lib/khung.mjs';
import { office, ended, nominate, sql, traces, NAME, REASON } from '../lib/erasure.mjs';

const points = readFileSync(join(TOP, 'core/runtime/crash.c'), 'utf8').match(/"(audit|people)\.erase_[a-z_]+"/g).map((x) => x.slice(1, -1));
assert.equal(points.length, 6);

describe('an erasure after kill -9', () => {
  for (const point of [...points, 'lane.before_commit', 'lane.after_commit'])
    for (const k of [1, 2, 7])
      it(`${point}, passing ${k}`, { timeout: 120000 }, async () => {
        const s = await office(2);
        // Several pieces: rows that hold nothing, with some that do between.
        for (let i = 0; i < 12; i++)
          await Promise.all(Array.from({ length: 40 }, (_, j) => nominate(s, s.boss, j === i ? NAME : `row ${i} ${j}`)));
        await s.stop();
        await s.start({ KHUNG_CRASH_AT: `${point}:${k}` }).catch(() => null);
        let asked = null;
        if (!s.gone) asked = await s.request('POST', '/api/audit/erasures', { person: 'hongvan', reason: REASON }, { authorization: `Bearer ${s.boss}` }).catch(() => null);
        if (!s.gone) await (asked ? ended(s).catch(() => s.ended) : s.ended);
        const died = Boolean(s.gone);
        if (!died) await s.kill();
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
        assert.ok(died || k > 1, 'the point was passed');
        const left = traces(s).filter((t) => !t.startsWith(NAME) || !t.endsWith('khung.db'));
        assert.deepEqual(left, [], 'the name stands in the table of nominations alone');
        await s.stop();
      });
});
