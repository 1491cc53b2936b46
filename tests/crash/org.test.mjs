// The service, or the command that stands for it, is killed in the middle of a change of the tree or of an import: after
// a restart all of it is there or nothing, and said again it is done.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { TOP, Service, folder, write } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

const unit = (code, parent) => ({ code, name: code.toUpperCase(), parent, from: '2020-01-01' });
const org = {
  units: [unit('top'), unit('mid', 'top'), unit('a', 'mid'), unit('b', 'mid'), unit('c', 'a')],
  persons: [{ code: 'p', name: 'P' }],
  positions: [{ code: 'head', title: 'Head' }],
  holders: [{ position: 'head', person: 'p', unit: 'a', from: '2020-01-01' }, { position: 'head', person: 'p', unit: 'b', from: '2020-01-01' }],
};
const CHANGES = [
  ['org', 'merge', 'a', 'b', '--into', 'ab', '--name', 'AB', '--day', '2022-01-01'],
  ['org', 'split', 'a', '--into', 'b,mid', '--day', '2022-01-01'],
  ['org', 'abolish', 'a', '--into', 'mid', '--day', '2022-01-01'],
];

async function prepared() {
  const s = new Service(folder());
  write(join(s.dir, 'org.json'), JSON.stringify(org));
  await s.must('org', 'import', join(s.dir, 'org.json'));
  return s;
}

const whole = async (s) => JSON.stringify(await s.must('org', 'export', '-'));

// What the change makes of it when nobody kills it.
async function expected(words) {
  const s = await prepared();
  const before = await whole(s);
  await s.must(...words);
  return { before, after: await whole(s) };
}

describe('killed while the tree is changed', () => {
  for (const words of CHANGES)
    for (const point of ['people.change_half:1', 'people.change_half:2', 'people.change_made:1'])
      it(`${words[1]} at ${point}`, { timeout: 60000 }, async () => {
        const { before, after } = await expected(words), s = await prepared();
        assert.equal(await whole(s), before);
        await s.start({ KHUNG_CRASH_AT: point });
        const passed = (await s.cli(...words)).code !== 0;
        // A change of one unit passes the half only once.
        if (!passed) assert.ok(point === 'people.change_half:2' && words[1] !== 'merge', `${point} is never passed`);
        await (passed ? s.ended : s.stop());
        assert.equal(await whole(s), passed ? before : after);
        await s.must(...words);
        assert.equal(await whole(s), after);
        assert.deepEqual(await s.must('verify'), []);
      });
});

describe('killed while an organisation is taken', () => {
  for (const n of [1, 2])
    it(`after ${n} lists`, { timeout: 60000 }, async () => {
      const s = new Service(folder()), dir = join(TOP, 'examples/thanh-hoa/org');
      await s.start({ KHUNG_CRASH_AT: `people.import_half:${n + 1}` });
      await Promise.race([s.cli('org', 'import', dir), s.ended]);
      await s.ended;
      assert.deepEqual(await s.must('org', 'units'), []);
      await s.must('org', 'import', dir);
      assert.equal((await s.must('org', 'units', '--at', '2025-07-01')).length, 167);
    });
});

// What hangs on the unit is handed on after the change, in slices of its own.
describe('killed while the open tasks of a split unit are handed on', () => {
  const SOURCE = flow('north', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "North" }');
  for (const point of ['people.tasks_handed:1', 'people.tasks_handed:2', 'lane.before_commit:2', 'lane.after_commit:2'])
    it(point, { timeout: 60000 }, async () => {
      const s = await office(SOURCE), day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
      await s.org({ units: ['east', 'west'].map((code) => ({ code, name: code, kind: 'commune', parent: 'province', from: '2021-01-01' })),
        holders: [['east', 'dao'], ['west', 'tam']].map(([unit, person]) => ({ position: 'clerk', unit, person, from: '2021-01-01' })) });
      const runs = [await s.startFlow('t.north'), await s.startFlow('t.north')], tasks = [];
      for (const run of runs) tasks.push((await s.open(run))[0].id);
      await s.stop();
      await s.start({ KHUNG_CRASH_AT: point }).catch(() => null);
      const words = ['org', 'split', 'north', '--into', 'east,west', '--day', day(-1)];
      if (!s.gone) await s.cli(...words);
      if (!s.gone) await Promise.race([s.ended, s.until1('it is handed on', async () => s.gone || (await s.cli('task', 'show', tasks[1])).json?.to?.length === 2).catch(() => null)]);
      assert.ok(s.gone || !point.startsWith('people.'), 'the point was passed');
      if (!s.gone) await s.kill();
      await s.start();
      await s.must(...words);
      for (const [i, id] of tasks.entries()) {
        const t = await s.until1('it is handed on', async () => { const x = await s.must('task', 'show', id); return x.to.length === 2 && x; });
        assert.equal(t.orphan, undefined);
        assert.equal((await s.must('task', 'history', id)).filter((l) => l.kind === 'split').length, 1, 'once');
        assert.equal((await s.as(i ? 'tam' : 'dao')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
        await s.done(runs[i]);
      }
      assert.equal((await s.must('task', 'unit-handover', 'north')).moved.length, 2);
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });
});

// What is in doubt since an account was switched off is spread over what its person holds, in slices of its own.
describe('killed while an account goes off and on', () => {
  const SOURCE = flow('heads', 'return run:ask { to = { position = "head", unit = unit("north") }, title = "Heads" }');
  for (const point of ['task.entry_doubted', 'task.orphaned', 'lane.before_commit:2', 'lane.after_commit:2'])
    it(point, { timeout: 60000 }, async () => {
      const s = await office(SOURCE), run = await s.startFlow('t.heads'), [{ id }] = await s.open(run);
      await s.must('user', 'add', 'mai', '--person', 'mai');
      const until = (orphan) => s.until1(`orphan: ${orphan}`, async () => !!(await s.must('task', 'show', id)).orphan === orphan);
      const killed = async (word, end) => {
        await s.stop();
        await s.start({ KHUNG_CRASH_AT: point }).catch(() => null);
        if (!s.gone) await s.cli('user', word, 'mai');
        if (!s.gone) await Promise.race([s.ended, s.until1('it is looked at', async () => s.gone || !!(await s.cli('task', 'show', id)).json?.orphan === end).catch(() => null)]);
        const passed = s.gone;
        if (!passed) await s.kill();
        await s.start();
        await s.must('user', word, 'mai');
        await until(end);
        return passed;
      };
      assert.ok(await killed('disable', true), 'the point was passed');
      await killed('enable', false);
      assert.deepEqual((await s.must('task', 'history', id)).map((l) => l.kind), ['orphan_escalated', 'orphan_over'], 'once each');
      await s.must('task', 'decide', id, '--as', 'mai', '--decision', 'approve');
      await s.done(run);
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });
});
