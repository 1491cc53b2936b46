// The service is killed while a plugin is switched off or on: what the admin was told is so holds, what the breaker did by
// itself holds or is found out again, and no run of the plugin is lost, held for ever or run twice.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { crashNames, dies } from '../lib/crash.mjs';
import { folder, pause, plugin, Service } from '../lib/khung.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!" }, title = "title" })
on("content.before_create", function(e)
  if e.values.title == "bad" then local x; x.y = 1 end
end)
local seen = storage.table("seen", { fields = { run = "integer!" } })
flow.define("wait", {}, function(run) run:wait("go") seen:insert { run = run.id } end)
flow.define("count", {}, function() return seen:count() end)
`;
const names = crashNames(/^breaker\./);
const at = (name, k = 1) => ({ KHUNG_CRASH_AT: `${name}:${k}` });
const note = (s) => s.request('POST', '/api/content/note', { title: 'bad' }).catch(() => null);
const state = async (s) => (await s.must('plugin', 'list'))[0].state;

// Five runs that wait, and a token.
async function prepared() {
  const dir = folder();
  plugin(dir, 'p', SOURCE);
  const s = new Service(dir);
  await s.start();
  await s.admin();
  const runs = [];
  for (let i = 0; i < 5; i++) runs.push(await s.startFlow('p.wait'));
  return { s, runs };
}

async function died(s) {
  await dies(s, 'the point');
  await s.start();
}

async function until(s, wanted) {
  for (const end = Date.now() + 10000; (await state(s)) !== wanted; await pause(30)) assert.ok(Date.now() < end, `it is never ${wanted}`);
}

// Every run ends, and did what it does once.
async function sound(s, runs) {
  await until(s, 'active');
  for (const run of runs) await s.until(run, 'completed');
  const count = await s.until(await s.startFlow('p.count'), 'completed');
  assert.equal(count.result, runs.length);
  assert.deepEqual(await s.must('verify'), []);
  assert.equal((await s.stop()).code, 0);
}

describe('a breaker, killed', () => {
  assert.deepEqual(names, ['breaker.before_row', 'breaker.after_row', 'breaker.before_hand', 'breaker.after_hand']);

  for (const name of names.slice(0, 2))
    it(`at ${name}, as it is switched off: on again with the next start, and off again with the next failures`, async () => {
      const { s, runs } = await prepared();
      await s.restart(at(name));
      for (let i = 0; i < 5; i++) await note(s);
      await died(s); // the row was written by no commit
      assert.equal(await state(s), 'active');
      for (let i = 0; i < 5; i++) await note(s);
      await until(s, 'off');
      for (const run of runs) await s.must('flow', 'signal', run, 'go', '--key', 'once');
      assert.deepEqual((await Promise.all(runs.map((r) => s.flow(r)))).map((r) => Boolean(r.held)), runs.map(() => true));
      await s.kill();
      await s.start();
      assert.equal(await state(s), 'off');
      await s.must('plugin', 'enable', 'p');
      await sound(s, runs);
    });

  for (const name of names.slice(0, 2))
    it(`at ${name}, as it comes back after its pause: the next start goes on with that`, { timeout: 60000 }, async () => {
      const { s, runs } = await prepared();
      for (let i = 0; i < 5; i++) await note(s);
      await until(s, 'off');
      for (const run of runs) await s.must('flow', 'signal', run, 'go', '--key', 'once');
      s.config.clock_offset = 31000; // the pause is over
      await s.stop();
      for (const k of [1, 2]) { // the trial is announced; it went well
        await s.start(at(name, k)).catch(() => null);
        await dies(s, `${name}:${k}`);
      }
      await s.start();
      await sound(s, runs); // by itself
    });

  for (const name of names)
    it(`at ${name}, as the admin switches it off and on: what he was told is so`, async () => {
      const { s, runs } = await prepared(), byHand = name.endsWith('_hand');
      await s.restart(at(name));
      // Before the commit he is told nothing and nothing is done; after it, it is done, whether he could be told or not.
      const off = await s.cli('plugin', 'disable', 'p', '--why', 'for the test');
      if (byHand) assert.notEqual(off.code, 0);
      await died(s);
      assert.equal(await state(s), byHand ? 'active' : 'disabled');
      await s.must('plugin', 'disable', 'p', '--why', 'for the test');
      await s.kill();
      await s.start(at(name));
      assert.equal(await state(s), 'disabled');
      for (const run of runs) await s.must('flow', 'signal', run, 'go', '--key', 'once');
      const on = await s.cli('plugin', 'enable', 'p');
      if (byHand) assert.notEqual(on.code, 0);
      await died(s);
      assert.equal(await state(s), byHand ? 'disabled' : 'active');
      if (byHand) assert.ok((await s.flow(runs[0])).held);
      if (byHand) await s.must('plugin', 'enable', 'p');
      await sound(s, runs); // those that were held are found by the next start
    });
});
