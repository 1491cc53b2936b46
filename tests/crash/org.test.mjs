// The service, or the command that stands for it, is killed in the middle of a change of the tree or of an import: after
// a restart all of it is there or nothing, and said again it is done.
import { before as beforeAll, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { around, dies, keep, killedOn } from '../lib/crash.mjs';
import { TOP, Service, day, folder, write } from '../lib/khung.mjs';
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

const whole = async (s) => JSON.stringify(await s.must('org', 'export', '-'));

describe('killed while the tree is changed', () => {
  let s, back, before;
  beforeAll(async () => {
    s = new Service(folder());
    write(join(s.dir, 'org.json'), JSON.stringify(org));
    await s.start();
    await s.must('org', 'import', join(s.dir, 'org.json'));
    before = await whole(s);
    back = await keep(s);
  });
  for (const words of CHANGES) {
    let after; // what the change makes of it when nobody kills it
    beforeAll(async () => {
      await back();
      await s.start();
      await s.must(...words);
      after = await whole(s);
      assert.notEqual(after, before);
    });
    // A change of one unit passes the half only once.
    for (const [way, wanted] of [...(words[1] === 'merge' ? [['people.change_half:2', false]] : []), ['people.change_half:1', false], ...around('people.change_made')])
      it(`${words[1]} at ${way}`, { timeout: 60000 }, async () => {
        await back();
        assert.notEqual((await killedOn(s, way, () => s.cli(...words))).code, 0);
        assert.equal(await whole(s), wanted ? after : before);
        await s.must(...words);
        assert.equal(await whole(s), after);
        assert.deepEqual(await s.must('verify'), []);
        await s.stop();
      });
  }
});

describe('killed while an organisation is taken', () => {
  for (const n of [1, 2])
    it(`after ${n} lists`, { timeout: 60000 }, async () => {
      const s = new Service(folder()), dir = join(TOP, 'examples/thanh-hoa/org');
      await s.start({ KHUNG_CRASH_AT: `people.import_half:${n + 1}` });
      await s.cli('org', 'import', dir);
      await dies(s, 'people.import_half');
      assert.deepEqual(await s.must('org', 'units'), []);
      await s.must('org', 'import', dir);
      assert.equal((await s.must('org', 'units', '--at', '2025-07-01')).length, 167);
    });
});

// What hangs on the unit is handed on after the change, in slices of its own.
describe('killed while the open tasks of a split unit are handed on', () => {
  const SOURCE = flow('north', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "North" }');
  let s, back, runs;
  const tasks = [];
  beforeAll(async () => {
    s = await office(SOURCE);
    await s.org({ units: ['east', 'west'].map((code) => ({ code, name: code, kind: 'commune', parent: 'province', from: '2021-01-01' })),
      holders: [['east', 'dao'], ['west', 'tam']].map(([unit, person]) => ({ position: 'clerk', unit, person, from: '2021-01-01' })) });
    for (const who of ['dao', 'tam']) await s.as(who)('GET', '/api/inbox');
    runs = [await s.startFlow('t.north'), await s.startFlow('t.north')];
    for (const run of runs) tasks.push((await s.open(run))[0].id);
    back = await keep(s);
  });
  for (const point of ['people.tasks_handed:1', 'people.tasks_handed:2', ...['people.change_made:1', 'people.tasks_handed:1', 'people.tasks_handed:2'].flatMap((p) => [`${p}>lane.before_commit`, `${p}>lane.after_commit`])])
    it(point, { timeout: 60000 }, async () => {
      await back();
      const words = ['org', 'split', 'north', '--into', 'east,west', '--day', day(-1)];
      await killedOn(s, point, () => s.cli(...words));
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
  let s, back, run, id;
  beforeAll(async () => {
    s = await office(SOURCE);
    run = await s.startFlow('t.heads');
    [{ id }] = await s.open(run);
    await s.must('user', 'add', 'mai', '--person', 'mai');
    back = await keep(s);
  });
  // What comes of the doubt has a commit of its own, the next.
  const ways = [...around('task.entry_doubted'), ...around('task.orphaned')].map(([way]) => way);
  for (const point of [...ways, ...['before', 'after'].map((end) => `task.entry_doubted>lane.after_commit>lane.${end}_commit`)])
    it(point, { timeout: 60000 }, async () => {
      await back();
      const until = (orphan) => s.until1(`orphan: ${orphan}`, async () => !!(await s.must('task', 'show', id)).orphan === orphan);
      const killed = async (word, end) => {
        await killedOn(s, point, () => s.cli('user', word, 'mai'));
        await s.must('user', word, 'mai');
        await until(end);
      };
      await killed('disable', true);
      if (point.startsWith('task.entry_doubted')) await killed('enable', false);
      else await s.must('user', 'enable', 'mai');
      await until(false);
      assert.deepEqual((await s.must('task', 'history', id)).map((l) => l.kind), ['orphan_escalated', 'orphan_over'], 'once each');
      await s.must('task', 'decide', id, '--as', 'mai', '--decision', 'approve');
      await s.done(run);
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });
});
