// The service is killed while runs of a flow with a limit come and go: each runs once, never more than the limit at the
// same time, and none is left waiting for its turn.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { dies } from '../lib/crash.mjs';
import { folder, plugin, serve } from '../lib/khung.mjs';
import { sql } from './check.mjs';

const LIMIT = 2, RUNS = 7;
const SOURCE = `
local rows = storage.table("row", { fields = { run = "integer!", what = "text!" } })
flow.define("visit", { input = { unit = "text!" }, limit = { key = "unit", running = ${LIMIT} } }, function(run, input)
  rows:insert { run = run.id, what = "in" }
  run:wait("go") -- it comes when all have been started: so the limit holds back all but two
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

for (const point of ['turn.given', 'flow.before_save', 'flow.after_save', 'turn.given>lane.before_commit', 'turn.given>lane.after_commit', 'flow.after_save>lane.before_commit', 'flow.after_save>lane.after_commit'])
  test(`killed at ${point}`, { timeout: 60000 }, async () => {
    const dir = folder();
    plugin(dir, 't', SOURCE, { needs: '{ "flow", "storage" }' });
    const s = await serve({ dir });
    await s.admin();
    for (const passing of [2, 4]) { // of five that are given their turn
      const way = point.replace(/>|$/, (end) => `:${passing}${end}`);
      await s.restart({ KHUNG_CRASH_AT: way });
      let died = 0;
      const sure = async (act, again) => {
        let r = await act().catch(() => null);
        const isAgain = !r;
        if (isAgain) {
          await dies(s, way);
          died++;
          await s.start();
          r = await act();
        }
        assert.ok([200, 201, 204, isAgain && again].includes(r.status), r.text);
        return r;
      };
      const ids = [];
      for (let n = 0; n < RUNS; n++)
        ids.push((await sure(() => s.request('POST', '/api/runs', { flow: 't.visit', input: { unit: 'a' }, id: `${passing}-${n}` }))).json.id);
      for (const id of ids) await sure(() => s.request('POST', `/api/runs/${id}/signal`, { name: 'go', key: 'once' }), 409); // it has ended with the first
      await s.until1('all have ended', async () => {
        if (s.gone) {
          died++;
          await s.start();
        }
        const runs = await s.must('flow', 'list', '--flow', 't.visit', '--limit', '100').catch(() => null);
        return runs?.every((r) => r.state === 'completed');
      }, 30000);
      assert.equal(died, 1, `${way} is passed`);
    }
    await s.restart();
    const rows = sql(s.data, 'select run, what from p_t__row order by id');
    assert.equal(rows.length, 4 * RUNS, 'each once');
    assert.ok(most(rows) <= LIMIT, `${most(rows)} at the same time`);
    assert.deepEqual([sql(s.data, 'select * from flow_turn'), await s.must('verify')], [[], []]);
    await s.stop();
  });

// A run that starts so many, some in each slice: a slice has little time.
const MANY = (n) => `
flow.define("many", function(run)
  for i = 1, ${n} do
    flow.start("hold", { unit = i % 3 == 0 and "a" or "b" })
    if i % 30 == 0 then run:sleep("1ms") end
  end
end)`;

// Paused while it waits, or resumed, and killed before that is kept or right after: it is passed over, or comes in.
for (const [what, passing] of [['pause', 1], ['resume', 2]])
  test(`killed in the middle of a ${what} of what waits for its turn`, { timeout: 60000 }, async () => {
    const dir = folder();
    plugin(dir, 't', 'flow.define("hold", { limit = { running = 1 } }, function(run) run:wait("go") end)', { needs: '{ "flow" }' });
    const s = await serve({ dir, env: { KHUNG_CRASH_AT: `turn.passed:${passing}` } });
    await s.admin();
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await s.request('POST', '/api/runs', { flow: 't.hold' })).json.id);
    await s.rpc('run.pause', [ids[1]]).catch(() => null);
    if (what === 'resume') await s.rpc('run.resume', [ids[1]]).catch(() => null);
    await dies(s, `turn.passed:${passing}`);
    s.env = {};
    await s.start();
    const now = await s.flow(ids[1]);
    assert.deepEqual([now.held, now.paused, await s.must('verify')], ['limit', what === 'resume' ? true : undefined, []]);
    for (const id of ids) await s.must('flow', 'signal', id, 'go');
    if (what === 'resume') await s.must('flow', 'resume', ids[1]);
    await s.until1('none runs', async () => (await s.must('flow', 'list', '--state', 'running')).length === 0);
    assert.deepEqual([sql(s.data, 'select * from flow_turn'), await s.must('verify')], [[], []]);
    await s.stop();
  });

// Declared while hundreds run: in the middle of counting them, and of making them found, the process is killed.
for (const [point, passing] of [['turn.counted', 2], ['search.filled', 3]])
  test(`killed at ${point}, with what was there before a limit and a search were declared`, { timeout: 60000 }, async () => {
    const dir = folder(), N = 450;
    const source = (options) => `
flow.define("hold", { input = { unit = "text!" }, ${options} }, function(run, input) run:wait("go") end)
${MANY(N)}`;
    const runs = (what) => sql(s.data, `select count(*) as n from ${what}`)[0].n;
    plugin(dir, 't', source(''), { needs: '{ "flow" }' });
    const s = await serve({ dir, env: { KHUNG_CRASH_AT: `${point}:${passing}` } });
    await s.admin();
    const { id } = (await s.request('POST', '/api/runs', { flow: 't.many' })).json;
    await s.until1('it has ended', async () => (await s.flow(id)).state === 'completed');
    plugin(dir, 't', source('limit = { key = "unit", running = 200 }, search = { "unit" }'), { needs: '{ "flow" }' });
    await s.request('POST', '/api/plugins/t/reload').catch(() => null);
    await dies(s, `${point}:${passing}`);
    const some = runs(point === 'turn.counted' ? 'flow_turn' : 'flow_search');
    assert.ok(some > 0 && some < N, `${some}`);
    s.env = {};
    await s.start();
    await s.until1('all are counted and found', async () => runs('flow_turn') >= N && runs('flow_search') >= N);
    assert.deepEqual([runs("flow_turn where key = '\"a\"' and waits = 0"), runs('flow_limit where counted is not null')], [N / 3, 0]);
    const start = async (unit) => (await s.request('POST', '/api/runs', { flow: 't.hold', input: { unit } })).json.id;
    const a = await start('a'), b = await start('b');
    assert.deepEqual([(await s.flow(a)).held, (await s.flow(b)).held], [undefined, 'limit']);
    assert.equal((await s.must('flow', 'list', '--flow', 't.hold', '--where', '{"unit": "a"}', '--limit', '1000')).length, N / 3 + 1);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

// Given up while hundreds wait: they come in some in each slice, and those that were not in yet do so after the next start.
test('killed while those come in that a limit held', { timeout: 60000 }, async () => {
  const dir = folder(), N = 450, IN = 350;
  const source = (limit) => `
flow.define("hold", { input = { unit = "text!" }, ${limit} }, function(run, input) run:wait("go") end)
${MANY(N)}`;
  const has = (waits) => sql(s.data, `select count(*) as n from flow_turn where waits = ${waits}`)[0].n;
  plugin(dir, 't', source('limit = { key = "unit", running = 1 }'), { needs: '{ "flow" }' });
  const s = await serve({ dir });
  await s.admin();
  const { id } = (await s.request('POST', '/api/runs', { flow: 't.many' })).json;
  await s.until1('it has ended', async () => (await s.flow(id)).state === 'completed');
  await s.until1('all but two wait', async () => has(1) === N - 2);
  await s.restart({ KHUNG_CRASH_AT: `turn.given:${IN}` });
  assert.equal(has(0), 2);
  plugin(dir, 't', source(''), { needs: '{ "flow" }' });
  await s.request('POST', '/api/plugins/t/reload').catch(() => null);
  await dies(s, `turn.given:${IN}`);
  assert.ok(has(0) > 2 && has(0) < IN + 2, `${has(0)} had come in`);
  await s.start();
  await s.until1('none waits', async () => has(1) === 0);
  assert.equal(has(0), N);
  assert.deepEqual(await s.must('verify'), []);
  await s.stop();
});
