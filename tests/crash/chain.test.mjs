// The service is killed while a case goes by a chain that is data; afterwards each step has been asked and answered once.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { pause } from '../lib/khung.mjs';
import { chainOffice } from '../lib/chain.mjs';

const points = ['flow.before_step', 'flow.after_step', 'flow.before_save', 'flow.after_save', 'lane.before_commit', 'lane.after_commit', 'lane.before_done'];
const people = ['mai', 'hoa', 'dao', 'tam'];

// Whoever is asked approves, until nobody is asked any more; the service is started again whenever it has died.
async function drive(s, run, item) {
  let died = 0, returned = false;
  for (let i = 0; i < 400; i++) {
    try {
      const now = await s.flow(run);
      if (now.state === 'completed') return died;
      assert.notEqual(now.state, 'failed', JSON.stringify(now));
      for (const who of people) {
        for (const task of await s.inbox(who, run)) {
          const answer = who === 'tam' && !returned ? { decision: 'return', return_to: 'song_song', comment: 'x' } : { decision: 'approve' };
          const r = await s.ask(who, 'POST', `/api/tasks/${task.id}/decide`, answer);
          assert.ok([204, 404, 409].includes(r.status), r.text);
          if (who === 'tam') returned = true;
        }
      }
      await pause(10);
    } catch (e) {
      if (!s.gone) await Promise.race([s.ended, pause(300)]);
      if (!s.gone) throw e;
    }
    if (s.gone) {
      died++;
      await s.start();
    }
  }
  throw new Error(`the case does not end: ${JSON.stringify(await s.flow(run))} ${item.id}`);
}

async function right(s, run, item) {
  const end = await s.flow(run);
  assert.deepEqual(end.result.approvals.map((a) => a.step), ['xa', 'huyen', 'huyen', 'truong', 'tinh']);
  assert.equal(end.result.rounds, 1);
  assert.equal((await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json.state, 'approved');
  assert.equal((await s.must('task', 'list')).length, 0);
  await s.restart();
  assert.deepEqual(await s.must('verify'), []);
  assert.match((await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`)).text, /<title>tinh: Approved: Tam, /);
  await s.stop();
}

describe('a case by a chain', () => {
  for (const point of points)
    it(`killed at ${point}, early and late`, { timeout: 120000 }, async () => {
      const s = await chainOffice();
      await s.chain({});
      let died = 0;
      for (const passing of [3, 20, 45]) {
        const item = await s.article();
        await s.restart({ KHUNG_CRASH_AT: `${point}:${passing}` });
        let run = null;
        try {
          run = await s.startCase(item, 'tin-bai', `case-${item.id}`);
        } catch (e) {
          await Promise.race([s.ended, pause(1000)]);
          if (!s.gone) throw e;
          died++;
          await s.start();
          run = await s.startCase(item, 'tin-bai', `case-${item.id}`);
        }
        died += await drive(s, run, item);
        if (passing < 45) continue;
        assert.ok(died > 0, `${point} is never passed`);
        await right(s, run, item);
      }
    });

  it('killed between any two decisions', { timeout: 60000 }, async () => {
    const s = await chainOffice();
    await s.chain({});
    const item = await s.article(), run = await s.startCase(item, 'tin-bai');
    for (const [who, title] of [['mai', 'Đọc'], ['hoa', ''], ['mai', 'truong'], ['dao', ''], ['tam', '']]) {
      await s.come(`${who} is asked`, async () => (await s.inbox(who, run)).length);
      await s.kill();
      await s.start();
      await s.decide(who, run, { decision: 'approve' }, title);
    }
    await s.kill();
    await s.start();
    await s.endedCase(run);
    await right(s, run, item);
  });
});
