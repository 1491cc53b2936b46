// limit = { key =, running = }: at most so many runs of a flow at the same time for a value, the others in the order of
// their starts; search = { fields }: runs are found by what they were started with.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';

const SOURCE = (limit = 'limit = { key = "unit", running = 2 },') => `
local rows = storage.table("row", { fields = { run = "integer!" } })
flow.define("visit", { input = { unit = "unit!", n = "integer!", fail = "boolean" }, ${limit} search = { "unit", "n" } }, function(run, input)
  rows:insert { run = run.id }
  if input.fail then error { code = "t.fails", message = "It fails." } end
  run:wait("go")
  return input.n
end)
flow.define("alone", { input = { deep = "integer!" }, limit = { running = 1 } }, function(run, input)
  if input.deep > 0 then return run:call("alone", { deep = input.deep - 1 }) end
  run:wait("go")
  return "done"
end)
`;
async function office(source = SOURCE(), options = {}) {
  const dir = folder();
  plugin(dir, 't', source, { needs: '{ "flow", "storage", "people" }' });
  const s = await serve({ dir, config: { lang: 'en' }, ...options });
  await s.admin();
  s.visit = (n, more = {}) => s.startFlow('t.visit', { unit: 'office', n, ...more });
  s.held = async (ids) => Promise.all(ids.map(async (id) => (await s.flow(id)).held ?? (await s.flow(id)).state));
  s.go = (id) => s.must('flow', 'signal', id, 'go');
  s.comes = async (ids, want) => {
    for (let i = 0; ; i++) {
      const now = await s.held(ids);
      try {
        return assert.deepEqual(now, want);
      } catch (e) {
        if (i > 200) throw e;
        await pause(20);
      }
    }
  };
  return s;
}
const began = (s) => sql(s.data, 'select run from p_t__row order by id').map((r) => r.run);

describe('a limit', () => {
  it('lets so many run, and the others in their order, each when one has ended; over restarts', async () => {
    const s = await office(), ids = [];
    for (let n = 0; n < 5; n++) ids.push(await s.visit(n));
    await s.comes(ids, ['running', 'running', 'limit', 'limit', 'limit']);
    assert.deepEqual(began(s), ids.slice(0, 2));
    await s.must('flow', 'signal', ids[3], 'go'); // kept until its turn
    await s.restart();
    await s.comes(ids, ['running', 'running', 'limit', 'limit', 'limit']);
    await s.go(ids[1]);
    await s.comes(ids, ['running', 'completed', 'running', 'limit', 'limit']);
    await s.must('flow', 'cancel', ids[0]);
    await s.comes(ids, ['cancelled', 'completed', 'running', 'completed', 'running']);
    assert.deepEqual(began(s), ids);
    await s.go(ids[2]);
    await s.go(ids[4]);
    await s.comes(ids, ['cancelled', 'completed', 'completed', 'completed', 'completed']);
    assert.deepEqual([await s.must('verify'), sql(s.data, 'select * from flow_turn')], [[], []]);
    await s.stop();
  });

  it('counts each value by itself; what fails, is cancelled or waits no more gives way', async () => {
    const s = await office();
    await s.must('org', 'import', (await import('node:fs')).writeFileSync(`${s.dir}/more.json`, JSON.stringify({ units: [{ code: 'other', name: 'Other', kind: 'office', from: '2020-01-01' }] })) ?? `${s.dir}/more.json`);
    const a = [await s.visit(0), await s.visit(1), await s.visit(2), await s.visit(3)], b = [await s.visit(4, { unit: 'other' })];
    await s.comes([...a, ...b], ['running', 'running', 'limit', 'limit', 'running']);
    await s.must('flow', 'cancel', a[2]);
    await s.go(a[0]);
    await s.comes(a, ['completed', 'running', 'cancelled', 'running']);
    await s.stop();
    const f = await office(SOURCE('limit = { key = "unit", running = 1 }, retry = { times = 0 },'));
    const bad = await f.visit(1, { fail: true }), good = await f.visit(2);
    await f.comes([bad, good], ['failed', 'running']);
    const late = await f.visit(3);
    await f.must('flow', 'retry', bad);
    await f.comes([bad, good, late], ['limit', 'running', 'limit']);
    await f.go(good);
    await f.comes([bad, good, late], ['failed', 'completed', 'running']);
    assert.deepEqual(await f.must('verify'), []);
    await f.stop();
  });

  it('does not make a run wait for itself', async () => {
    const s = await office();
    const id = await s.startFlow('t.alone', { deep: 2 }), other = await s.startFlow('t.alone', { deep: 0 });
    await s.comes([id, other], ['running', 'limit']);
    const below = (await s.must('flow', 'list', '--flow', 't.alone')).find((r) => r.input.deep === 0 && r.id !== other);
    await s.go(below.id);
    await s.comes([id, other], ['completed', 'running']);
    await s.stop();
  });

  it('that is raised or given up lets in those for whom there is room', async () => {
    const s = await office(), ids = [];
    for (let n = 0; n < 6; n++) ids.push(await s.visit(n));
    const declare = async (limit) => { plugin(s.dir, 't', SOURCE(limit), { needs: '{ "flow", "storage", "people" }' }); await s.must('plugin', 'reload', 't'); };
    await declare('limit = { key = "unit", running = 3 },');
    await s.comes(ids, ['running', 'running', 'running', 'limit', 'limit', 'limit']);
    await declare('limit = { key = "unit", running = 1 },');
    await s.go(ids[0]);
    await s.comes(ids, ['completed', 'running', 'running', 'limit', 'limit', 'limit']);
    await declare('');
    await s.comes(ids, ['completed', 'running', 'running', 'running', 'running', 'running']);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('that is declared later, or by another field, counts those that run already; a child stays in the turn above it', async () => {
    const body = `function(run, input)
      if input.n < 0 then return run:call("visit", { unit = input.unit, n = 0 }) end
      run:wait("go")
    end`;
    const source = (limit) => `flow.define("visit", { input = { unit = "unit!", n = "integer!" }, ${limit} }, ${body})`;
    const s = await office(source('')), ids = [];
    for (const n of [-1, 1, 2]) ids.push(await s.visit(n));
    const declare = async (limit) => { plugin(s.dir, 't', source(limit), { needs: '{ "flow", "people" }' }); await s.must('plugin', 'reload', 't'); };
    const turns = () => sql(s.data, 'select key, count(*) as n from flow_turn where waits = 0 group by key order by key').map((r) => [r.key, r.n]);
    const counted = async (want) => { for (let i = 0; JSON.stringify(turns()) !== JSON.stringify(want); i++) assert.ok(i < 200, JSON.stringify(turns())) ?? await pause(20); };
    await declare('limit = { running = 3 }');
    await counted([['', 3]]);
    const late = [await s.visit(3), await s.visit(4)];
    await s.comes([...ids, ...late], ['running', 'running', 'running', 'limit', 'limit']);
    await declare('limit = { key = "n", running = 1 }'); // everybody has a value of their own now
    await s.comes([...ids, ...late], ['running', 'running', 'running', 'running', 'running']);
    await counted([['-1', 1], ['0', 1], ['1', 1], ['2', 1], ['3', 1], ['4', 1]]);
    const same = await s.visit(2);
    await s.comes([same], ['limit']);
    await s.go(ids[2]);
    await s.comes([ids[2], same], ['completed', 'running']);
    await declare('limit = { key = "unit", running = 2 }');
    await s.comes([ids[0], ids[1], ...late, same], ['running', 'running', 'running', 'running', 'running']);
    const last = await s.visit(9);
    for (const id of [ids[1], ...late, same]) {
      await s.comes([last], ['limit']);
      await s.go(id);
    }
    await s.comes([last], ['running']); // one of five is left, and a child in its turn
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('that cannot be read is refused with its sentence', async () => {
    for (const bad of ['limit = 5,', 'limit = { key = "unit" },', 'limit = { key = "none", running = 1 },', 'limit = { running = 0 },', 'limit = { running = 1001 },', 'limit = { running = 0/0 },', 'limit = { running = 1, x = 2 },'])
      await refused(SOURCE(bad), /limit/);
    for (const bad of ['{}', '{ "none" }', '{ "unit", "unit" }', '{ 5 }', '"unit"']) await refused(SOURCE().replace('{ "unit", "n" }', bad), /search|found by/);
  });
});

async function refused(source, why) {
  const dir = folder();
  plugin(dir, 't', source, { needs: '{ "flow", "storage", "people" }' });
  const s = await serve({ dir, config: { lang: 'en' } });
  const [p] = await s.must('plugin', 'list');
  assert.ok(p.state === 'failed' && why.test(p.why), JSON.stringify(p));
  await s.stop();
}

describe('a search', () => {
  it('finds runs by one field and by several, in Lua, on the command line and over REST', async () => {
    const s = await office(`${SOURCE('')}
      flow.define("walk", { input = { step = "integer!" }, search = { "step" } }, function(run, input)
        local step = run.state and run.state.step or input.step
        run:wait("on")
        run:checkpoint { step = step + 1 }
      end)
      flow.define("look", { input = { where = "json!" } }, function(run, input)
        local ok, found = pcall(flow.find, input.where, { limit = 10 })
        if not ok then return found.code end
        local out = {}
        for i, one in ipairs(found) do out[i] = one.id end
        return out
      end)`);
    const ids = [];
    for (const n of [7, 8, 7]) ids.push(await s.visit(n));
    const look = async (where) => (await s.until(await s.startFlow('t.look', { where }), ['completed', 'failed'])).result;
    assert.deepEqual(await look({ flow: 'visit', n: 7 }), [ids[2], ids[0]]);
    assert.deepEqual(await look({ flow: 'visit', n: 7, unit: 'office', state: 'running' }), [ids[2], ids[0]]);
    assert.deepEqual(await look({ flow: 'visit', n: 9 }), {});
    for (const [where, code] of [[{ n: 7 }, 'flow.search_flow'], [{ flow: 'visit', fail: true }, 'flow.search_field'], [{ flow: 'visit', n: 'x' }, 'invalid.field']])
      assert.equal(await look(where), code);
    const walk = await s.startFlow('t.walk', { step: 1 }), where = async (step) => (await look({ flow: 'walk', step }))[0];
    assert.deepEqual([await where(1), await where(2)], [walk, undefined]);
    await s.must('flow', 'signal', walk, 'on');
    for (let i = 0; (await where(2)) !== walk; i++) assert.ok(i < 100, 'a checkpoint says it anew');
    assert.equal(await where(1), undefined);
    await s.must('flow', 'cancel', ids[0]);
    const list = async (...args) => (await s.must('flow', 'list', '--flow', 't.visit', ...args)).map((r) => r.id);
    assert.deepEqual(await list('--where', '{"n": 7}'), [ids[2], ids[0]]);
    assert.deepEqual(await list('--where', '{"n": 7, "unit": "office"}', '--state', 'cancelled'), [ids[0]]);
    const rest = (where, more = '') => s.request('GET', `/api/runs?flow=t.visit&where=${encodeURIComponent(where)}${more}`);
    const page = await rest('{"n":7}', '&limit=1');
    assert.deepEqual([page.status, (page.json.runs ?? page.json).map((r) => r.id)], [200, [ids[2]]], page.text);
    for (const bad of ['{"n":', '[1]', '5', '{"m":1}']) assert.ok([400, 422].includes((await rest(bad)).status), bad);
    assert.equal((await s.request('GET', '/api/runs?where=%7B%22n%22%3A7%7D')).status, 422);
    await s.stop();
  });

  it('finds what was started before it was declared, ended or not, by what a checkpoint said last', async () => {
    const source = (search) => `flow.define("walk", { input = { step = "integer!", name = "text" }, ${search} }, function(run, input)
        local step = run.state and run.state.step or input.step
        if input.name == "fails" then error { code = "t.fails", message = "It fails." } end
        if run:wait("on").stop then return step end
        run:checkpoint { step = step + 1 }
      end)`;
    const s = await office(source('retry = { times = 0 }')), begin = (step, name) => s.startFlow('t.walk', { step, name });
    const one = await begin(1, 'Lan'), two = await begin(2, 'Hoa'), done = await begin(1, 'Lan'), fails = await begin(5, 'fails');
    await s.must('flow', 'signal', two, 'on', '--input', '{}');
    await s.must('flow', 'signal', done, 'on', '--input', '{"stop": true}');
    await s.comes([done, fails], ['completed', 'failed']);
    for (let i = 0; (await s.must('flow', 'history', two)).length !== 1; i++) assert.ok(i < 200) ?? await pause(20);
    const declare = async (search) => { plugin(s.dir, 't', source(search), { needs: '{ "flow", "people" }' }); await s.must('plugin', 'reload', 't'); };
    const list = async (where) => (await s.must('flow', 'list', '--flow', 't.walk', '--where', JSON.stringify(where))).map((r) => r.id);
    const finds = async (where, want) => { for (let i = 0; JSON.stringify(await list(where)) !== JSON.stringify(want); i++) assert.ok(i < 200, `${await list(where)}`) ?? await pause(20); };
    await declare('retry = { times = 0 }, search = { "step" }');
    await finds({ step: 1 }, [done, one]);
    await finds({ step: 3 }, [two]);
    await finds({ step: 5 }, [fails]);
    assert.deepEqual(await list({ step: 2 }), []);
    await declare('retry = { times = 0 }, search = { "name", "step" }');
    await finds({ name: 'Lan' }, [done, one]);
    await finds({ name: 'Hoa', step: 3 }, [two]);
    await declare('retry = { times = 0 }');
    const between = await begin(1, 'Lan');
    await declare('retry = { times = 0 }, search = { "name", "step" }');
    await finds({ name: 'Lan', step: 1 }, [between, done, one]);
    await finds({ name: 'fails' }, [fails]);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });
});
