// The service is killed while a case goes by a chain that is data; afterwards each step has been asked and answered once.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { dies } from '../lib/crash.mjs';
import { pause } from '../lib/khung.mjs';
import { chainOffice } from '../lib/chain.mjs';

const points = ['flow.before_step', 'flow.after_step', 'flow.before_save', 'flow.after_save', ...['lane.before_commit', 'lane.after_commit', 'lane.before_done'].map((p) => `flow.after_step>${p}`)];
const people = ['mai', 'hoa', 'dao', 'tam'];

// Whoever is asked approves, until nobody is asked any more; the service is started again whenever it has died.
async function drive(s, run, item, said = (who, returned) =>
  who === 'tam' && !returned ? { decision: 'return', return_to: 'song_song', comment: 'x' } : { decision: 'approve' }) {
  let died = 0, returned = false;
  for (let i = 0; i < 400; i++) {
    try {
      const now = await s.flow(run);
      if (now.state === 'completed') return died;
      assert.notEqual(now.state, 'failed', JSON.stringify(now));
      for (const who of people) {
        for (const task of await s.inbox(who, run)) {
          const answer = await said(who, returned, task);
          const r = await s.ask(who, 'POST', `/api/tasks/${task.id}/decide`, answer);
          assert.ok([200, 404, 409].includes(r.status), r.text);
          if (who === 'tam') returned = true;
        }
      }
      await pause(10);
    } catch (e) {
      if (!s.gone) await Promise.race([s.ended, pause(2000)]);
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

// The way of `point` at this passing of its first.
const passed = (point, passing) => point.replace(/>|$/, (end) => `:${passing}${end}`);

// With a point at which it dies; 1 when it did so before it was ready.
async function restartTo(s, at) {
  try {
    await s.restart({ KHUNG_CRASH_AT: at });
    return 0;
  } catch (e) {
    if (s.gone?.signal !== 'SIGKILL') throw e;
    await s.start();
    return 1;
  }
}

describe('a case by a chain', () => {
  for (const point of points)
    it(`killed at ${point}, early and late`, { timeout: 120000 }, async () => {
      const s = await chainOffice();
      await s.chain({});
      const passings = point.endsWith('_save') ? [3, 6, 9] : [3, 20, 45]; // a case has fewer slices than steps
      for (const passing of passings) {
        const item = await s.article(), way = passed(point, passing);
        let died = await restartTo(s, way);
        let run = null;
        try {
          run = await s.startCase(item, 'tin-bai', `case-${item.id}`);
        } catch (e) {
          if (!s.gone) await dies(s, `${way}, after ${e.message}`);
          died++;
          await s.start();
          run = await s.startCase(item, 'tin-bai', `case-${item.id}`);
        }
        died += await drive(s, run, item);
        assert.equal(died, 1, `${way} is passed`);
        if (passing === passings.at(-1)) await right(s, run, item);
      }
    });

  // An edit comes when the first has voted: what the head has said of the words stays, the vote is held again; one on the
  // words goes on.
  for (const [point, part] of [['vote.cast'], ['vote.before_close'], ['flow.after_step'], ['flow.before_save'], ['vote.cast>lane.before_commit'], ['vote.cast>lane.after_commit'], ['vote.before_close>lane.before_commit'], ['vote.before_close>lane.after_commit'],
    ...['vote.cast', 'vote.key_written', 'vote.key_gone', 'vote.cast>lane.before_commit', 'vote.before_close>lane.before_commit', 'vote.before_close>lane.after_commit'].map((p) => [p, ['title', 'body', 'byline', 'source', 'dated', 'unit']])])
    it(`with parts and a vote${part ? ' on one' : ''}, edited on its way, killed at ${point}`, { timeout: 120000 }, async () => {
      const s = await chainOffice();
      await s.chain({ title: 'Họp', steps: [
        { name: 'loi', to: { position: 'head', unit: 'item' }, part: ['title', 'body', 'byline', 'source', 'dated', 'unit'] },
        { name: 'dan', to: { position: 'chair', level: 'province' }, part: ['lead'] },
        { name: 'hop', to: ['hoa', 'dao', 'mai'].map((person) => ({ person })), vote: { secret: true, threshold: '2/3' }, part },
      ] });
      for (const passing of [1, 2, 5]) {
        const item = await s.article(), run = await s.startCase(item, 'hop'), way = passed(point, passing);
        await s.decide('mai', run, undefined, 'loi');
        await s.decide('tam', run, undefined, 'dan');
        let died = await restartTo(s, way);
        let edited = false;
        died += await drive(s, run, item, async (who, _, task) => {
          if (!edited && task.title.startsWith('hop')) {
            const r = await s.ask('lan', 'PATCH', `/api/content/article/${item.id}`, { lead: 'Khác' }, await s.match('lan', 'article', item.id));
            assert.ok([200, 409, 412].includes(r.status), r.text);
            edited = true;
          }
          return { decision: 'approve' };
        });
        if (passing === 1 && died === 0) await dies(s, way); // not each is passed more than once
        await s.restart();
        assert.deepEqual((await s.flow(run)).result.approvals.map((a) => [a.step, a.revision]), [['loi', 1], ['dan', 2], ['hop', part ? 2 : undefined]]);
        assert.equal((await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json.state, 'approved');
      }
      await s.restart();
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
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
