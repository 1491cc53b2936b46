// Bodies: whoever has a seat today may answer for it; a vote is of those who have one; no seats, no answer.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { day } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

const seat = (person, from = '2020-01-01', to) => ({ body: 'panel', person, from, ...(to ? { to } : {}) });
const ORG = { bodies: [{ code: 'panel', name: 'Panel', unit: 'province', from: '2020-01-01' }], body_members: [seat('an'), seat('binh'), seat('chi', '2020-01-01', day(-5))] };
const SOURCE = [
  flow('ask', 'return run:ask { to = { body = "panel" }, title = "Panel?" }'),
  flow('vote', 'return run:vote { body = "panel", title = "Panel votes", threshold = "1/2" }'),
].join('\n');

describe('a body', () => {
  it('is asked: any member of today, in their inbox; an orphan when the last seat is empty', async () => {
    const s = await office(SOURCE, { org: ORG });
    const run = await s.startFlow('t.ask'), [{ id }] = await s.open(run);
    for (const [who, n] of [['an', 1], ['binh', 1], ['chi', 0]]) assert.equal((await s.as(who)('GET', '/api/inbox')).json.tasks.length, n, who);
    assert.equal((await s.as('an')('GET', '/api/inbox?order=due')).json.tasks.length, 0);
    assert.equal((await s.as('chi')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    await s.org({ body_members: [seat('an', '2020-01-01', day(-1)), seat('binh', '2020-01-01', day(-1))] });
    const t = await s.until1('an orphan', async () => { const x = await s.must('task', 'show', id); return x.orphan && x; });
    assert.equal(t.orphan_why, 'task.orphan_body');
    await s.restart();
    await s.org({ body_members: [seat('dao', day(-1))] });
    await s.until1('no orphan', async () => !(await s.must('task', 'show', id)).orphan);
    assert.equal((await s.as('dao')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    assert.equal((await s.done(run)).result.as, 'body:panel');
    await s.stop();
  });

  it('votes: those who have a seat on the day', async () => {
    const s = await office(SOURCE, { org: ORG });
    const run = await s.startFlow('t.vote');
    await s.open(run, 2);
    for (const who of ['an', 'binh']) {
      const t = (await s.as(who)('GET', '/api/inbox')).json.tasks[0];
      assert.equal((await s.as(who)('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 200);
    }
    const r = (await s.done(run)).result;
    assert.deepEqual([r.passed, r.members], [true, 2]);
    await s.stop();
  });
});
