// The service is killed while runs of a flow with a limit come and go: each runs once, never more than the limit at the
// same time, and none is left waiting for its turn.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';
import { sql } from './check.mjs';

const LIMIT = 2, RUNS = 7;
const SOURCE = `
local rows = storage.table("row", { fields = { run = "integer!", what = "text!" } })
flow.define("visit", { input = { unit = "text!" }, limit = { key = "unit", running = ${LIMIT} } }, function(run, input)
  rows:insert { run = run.id, what = "in" }
  run:sleep("100ms")
  rows:insert { run = run.id, what = "out" }
end)`;

// What was inside at the same time, as the rows tell.
function most(rows) {
  let inside = 0, seen = 0;
  for (const { what } of rows) {
    inside += what === 'in' ? 1 : -1;
    seen = Math.max(seen, inside);
  }
  return seen;
}

for (const point of ['turn.given', 'flow.before_save', 'flow.after_save', 'lane.before_commit', 'lane.after_commit'])
  test(`killed at ${point}`, { timeout: 60000 }, async () => {
    const dir = folder();
    plugin(dir, 't', SOURCE, { needs: '{ "flow", "storage" }' });
    const s = await serve({ dir });
    await s.admin();
    let died = 0;
    for (const passing of [3, 6]) {
      await s.restart({ KHUNG_CRASH_AT: `${point}:${passing}` }).catch(() => s.start());
      for (let n = 0; n < RUNS; n++) {
        const start = () => s.request('POST', '/api/runs', { flow: 't.visit', input: { unit: 'a' }, id: `${passing}-${n}` });
        const r = await start().catch(() => null);
        if (r) {
          assert.ok([200, 201].includes(r.status), r.text);
        } else {
          await Promise.race([s.ended, pause(2000)]);
          died++;
          await s.start();
          await start();
        }
      }
      for (let i = 0; ; i++) {
        if (s.gone) {
          died++;
          await s.start();
        }
        const runs = await s.must('flow', 'list', '--flow', 't.visit', '--limit', '100').catch(() => null);
        if (runs?.every((r) => r.state === 'completed')) break;
        assert.ok(i < 1200, JSON.stringify(runs)); // a run that goes on while the service starts may fail once, and is tried again after ten seconds
        await pause(20);
      }
    }
    assert.ok(died > 0, `${point} is never passed`);
    await s.restart();
    const rows = sql(s.data, 'select run, what from p_t__row order by id');
    assert.equal(rows.length, 4 * RUNS, 'each once');
    assert.ok(most(rows) <= LIMIT, `${most(rows)} at the same time`);
    assert.deepEqual([sql(s.data, 'select * from flow_turn'), await s.must('verify')], [[], []]);
    await s.stop();
  });

// Given up while hundreds wait: they come in some in each slice, and those that were not in yet do so after the next start.
test('killed while those come in that a limit held', { timeout: 60000 }, async () => {
  const dir = folder(), N = 450, IN = 350;
  const source = (limit) => `
flow.define("hold", { input = { unit = "text!" }, ${limit} }, function(run, input) run:wait("go") end)
flow.define("many", function(run) for i = 1, ${N} do flow.start("hold", { unit = i % 3 == 0 and "a" or "b" }) end end)`;
  const has = (waits) => sql(s.data, `select count(*) as n from flow_turn where waits = ${waits}`)[0].n;
  plugin(dir, 't', source('limit = { key = "unit", running = 1 }'), { needs: '{ "flow" }' });
  const s = await serve({ dir });
  await s.admin();
  const { id } = (await s.request('POST', '/api/runs', { flow: 't.many' })).json;
  for (let i = 0; (await s.flow(id)).state !== 'completed'; i++) assert.ok(i < 300) ?? await pause(20);
  for (let i = 0; has(1) !== N - 2; i++) assert.ok(i < 300, `${has(1)}`) ?? await pause(20);
  await s.restart({ KHUNG_CRASH_AT: `turn.given:${IN}` });
  assert.equal(has(0), 2);
  plugin(dir, 't', source(''), { needs: '{ "flow" }' });
  await s.request('POST', '/api/plugins/t/reload').catch(() => null);
  await Promise.race([s.ended, pause(10000)]);
  assert.ok(s.gone, 'the point is passed');
  assert.ok(has(0) > 2 && has(0) < IN + 2, `${has(0)} had come in`);
  await s.start();
  for (let i = 0; has(1) > 0; i++) assert.ok(i < 300, `${has(1)} wait`) ?? await pause(20);
  assert.equal(has(0), N);
  assert.deepEqual(await s.must('verify'), []);
  await s.stop();
});
