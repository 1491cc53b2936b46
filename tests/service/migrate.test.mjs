// Tables whose declaration changes: what goes by itself, what needs a word, large ones in pieces, and no loss whatever is killed.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { dies, startTo } from '../lib/crash.mjs';
import { folder, pause, plugin, serve, sqlite } from '../lib/khung.mjs';

const ROWS = Number(process.env.ROWS ?? 100000);
const NEEDS = { needs: '{ "flow", "storage" }' };
const sql = (s, text) => sqlite(s.data, text, '-json');
const rows = (s, text) => JSON.parse(sql(s, text) || '[]');
const entries = async (s) => (await s.must('plugin', 'list')).filter((p) => p.name === 'p');
const states = async (s) => (await entries(s)).map((p) => p.state).sort();
const until = async (what, test, ms = 60000) => {
  for (const end = Date.now() + ms; !await test(); await pause(20)) assert.ok(Date.now() < end, what);
};

const ONE = `
local noms = storage.table("nom", { fields = { name = "text!", score = "text", remark = "text", round = "integer!" }, index = {{"round"}} })
flow.define("add", { title = "Add", input = { id = "integer", name = "text", score = "json" } }, function(run, input)
  return { id = noms:insert { name = input.name, score = tostring(input.score), remark = "r", round = 1 } }
end)
flow.define("change", { title = "Change", input = { id = "integer", name = "text", score = "json" } }, function(run, input) noms:update(input.id, { score = input.score }) end)
flow.define("remove", { title = "Remove", input = { id = "integer", name = "text", score = "json" } }, function(run, input) noms:delete(input.id) end)
flow.define("parked", { title = "Parked", input = { id = "integer", name = "text", score = "json" } }, function(run, input) run:wait("go") end)
`;
const TWO = `
local noms = storage.table("nom", {
  fields = { full_name = "text!", score = "integer!", round = "integer!", code = "text!" }, index = {{"round"}, {"-score"}}, unique = {{"code"}},
  renamed = { full_name = "name" },
  dropped = { "remark" },
})
noms:convert("score", function(row) return math.tointeger(tonumber(row.score)) or 0 end)
noms:convert("code", function(row) return "N-" .. row.id end)
flow.define("get", { title = "Get", input = { id = "integer", name = "text", score = "json" } }, function(run, input) local r = noms:get(input.id)
  return { name = r.full_name, score = r.score, code = r.code, remark = r.remark, version = r.version } end)
flow.define("add", { title = "Add", input = { id = "integer", name = "text", score = "json" } }, function(run, input)
  return { id = noms:insert { full_name = input.name, score = input.score, round = 1, code = input.name } }
end)
`;

// A copy of 300 rows that lasts.
const SLOW = TWO.replace('return "N-" .. row.id', 'for i = 1, 400000 do end return "N-" .. row.id');

const call = async (s, flow, input) => {
  const id = await s.startFlow(`p.${flow}`, input);
  return (await s.until(id, 'completed')).result;
};

// So many rows, with no service.
async function fill(s, n) {
  await s.stop();
  sql(s, `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${n})
    insert into p_p__nom(id, version, name, score, remark, round) select i, 1, 'name ' || i, i % 100, 'remark of ' || i, i % 7 from n`);
  sql(s, 'delete from plugin_usage'); // written past the quotas: counted anew at the start
  await s.start();
}

async function check(s, n) {
  assert.deepEqual(await states(s), ['active']);
  assert.deepEqual(await s.must('verify'), []);
  await s.stop();
  assert.deepEqual(rows(s, `select count(*) as n, sum(typeof(score) = 'integer') as numbers, sum(score = id % 100) as right,
    sum(full_name = 'name ' || id) as names, sum(code = 'N-' || id) as codes from p_p__nom where id <= ${n}`),
  [{ n, numbers: n, right: n, names: n, codes: n }]);
  assert.equal(rows(s, "select * from sqlite_master where name like 'new_%' or name like 'log_%'").length, 0);
  assert.deepEqual(rows(s, 'select * from host_copy'), []);
  await s.start();
}

describe('a changed declaration', () => {
  it('is followed by declared steps: renamed, dropped, converted; and means nothing the second time', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    const { id } = await call(s, 'add', { name: 'An', score: '12' });
    plugin(dir, 'p', TWO, NEEDS);
    await s.must('plugin', 'reload');
    assert.deepEqual(await call(s, 'get', { id }), { name: 'An', score: 12, code: `N-${id}`, version: 1 });
    const later = (await call(s, 'add', { name: 'Binh', score: 3 })).id;
    plugin(dir, 'p', `${TWO}\n-- changed`, NEEDS);
    await s.must('plugin', 'reload');
    await s.restart();
    assert.deepEqual(await call(s, 'get', { id: later }), { name: 'Binh', score: 3, code: 'Binh', version: 1 });
    await s.stop();
  });

  it('is told by a dry run, with what would be lost, and nothing is changed', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    const { id } = await call(s, 'add', { name: 'An', score: '12' });
    await call(s, 'add', { name: 'Binh', score: '13' });
    plugin(dir, 'p', TWO, NEEDS);
    const steps = await s.must('plugin', 'migrate', 'p', '--dry-run');
    assert.deepEqual(steps, [{ table: 'nom', rows: 2, step: 'lose "remark" 2' }, { table: 'nom', rows: 2, step: 'copy "nom" 2' }]);
    plugin(dir, 'p', ONE.replace('{{"round"}}', '{{"round"}, {"name"}}').replace('remark =', 'extra = "date", remark ='), NEEDS);
    assert.deepEqual((await s.must('plugin', 'migrate', 'p', '--dry-run')).map((r) => r.step), [
      'alter table "p_p__nom" add column "extra" integer', 'create index if not exists "ix_p_p__nom__name" on "p_p__nom"("name")']);
    plugin(dir, 'p', ONE.replace('remark = "text", ', '').replace('remark = "r", ', ''), NEEDS);
    const r = await s.cli('plugin', 'migrate', 'p', '--dry-run', '--lang', 'en');
    assert.equal(r.code, 1);
    assert.match(r.err, /remark is no longer declared but holds data/);
    await call(s, 'change', { id, score: '99' });
    assert.deepEqual(await states(s), ['active']);
    plugin(dir, 'p', TWO, NEEDS);
    await s.must('plugin', 'migrate', 'p');
    assert.equal((await call(s, 'get', { id })).score, 99);
    await s.stop();
  });

  it('that would lose or cannot make a value is refused with the place, and the old version serves', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    const { id } = await call(s, 'add', { name: 'An', score: 'many' });
    const why = async (text) => {
      plugin(dir, 'p', text, NEEDS);
      assert.equal((await s.cli('plugin', 'reload')).code, 1);
      const failed = (await entries(s)).find((p) => p.state === 'failed');
      assert.equal((await entries(s)).length, 2);
      await call(s, 'change', { id, score: 'many' });
      return `${failed.why} ${failed.where}`;
    };
    assert.match(await why(TWO.replace(/dropped.*\n/, '')), /remark.*holds data.*init\.lua:2/s);
    assert.match(await why(TWO.replace(/noms:convert\("score".*\n/, '')), /type of score.*convert\("score"/s);
    assert.match(await why(TWO.replace(/noms:convert\("code".*\n/, '')), /code is required/);
    assert.match(await why(TWO.replace(' or 0', '')), new RegExp(`score.*${id}`));
    assert.match(await why(TWO.replace('tonumber(row.score)', 'row.nothing.score')), /p\/init\.lua:7/);
    assert.match(await why(TWO.replace('"N-" .. row.id', '5')), /code/);
    await s.stop();
  });

  it('waits while an open run of a version that declares the old column is there', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    await call(s, 'add', { name: 'An', score: '12' });
    const id = await s.startFlow('p.parked');
    plugin(dir, 'p', TWO, NEEDS);
    assert.equal((await s.cli('plugin', 'reload')).code, 1);
    assert.match(JSON.stringify(await entries(s)), /open runs of the version/);
    await s.must('flow', 'signal', id, 'go');
    await s.until(id, 'completed');
    await s.must('plugin', 'reload');
    assert.deepEqual(await states(s), ['active']);
    await s.stop();
  });
});

describe('a large table', () => {
  it('or one whose rows take the plugin long holds nobody up', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    await s.admin();
    await fill(s, 300);
    plugin(dir, 'p', SLOW, NEEDS);
    await s.cli('plugin', 'reload');
    assert.deepEqual(await states(s), ['active', 'migrating']);
    const began = performance.now();
    const run = await s.request('POST', '/api/runs', { flow: 'p.parked', input: {}, id: 'one' });
    const took = performance.now() - began;
    assert.equal(run.status, 201, run.text);
    await s.must('flow', 'cancel', run.json.id);
    await until('active', async () => (await states(s)).join() === 'active');
    const copied = performance.now() - began;
    assert.ok(took < copied / 3, `${took} ms of ${copied}`);
    await s.stop();
  });

  it('is exchanged at once when the last open run of the old version ends', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    await fill(s, 300);
    plugin(dir, 'p', SLOW, NEEDS);
    await s.cli('plugin', 'reload');
    const { id } = (await s.rpc('run.start', ['p.parked', {}])).json; // while it is being copied
    assert.deepEqual(await states(s), ['active', 'migrating']);
    await until('held', async () => /open runs/.test(JSON.stringify(await entries(s))));
    await call(s, 'change', { id: 3, score: '33' });
    await s.must('flow', 'signal', id, 'go');
    await until('active', async () => (await states(s)).join() === 'active');
    assert.equal((await call(s, 'get', { id: 3 })).score, 33);
    await s.stop();
  });

  it('whose values cannot be made leaves the old version, and is tried again when the plugin is mended', async () => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    await fill(s, 5000);
    plugin(dir, 'p', TWO.replace('"N-" .. row.id', 'row.id < 4000 and "N-" .. row.id or nil'), NEEDS);
    await s.cli('plugin', 'reload');
    await until('failed', async () => (await states(s)).includes('failed'));
    assert.match(JSON.stringify(await entries(s)), /row 4000/);
    await call(s, 'change', { id: 3, score: '33' });
    plugin(dir, 'p', TWO, NEEDS);
    await s.cli('plugin', 'reload');
    await until('active', async () => (await states(s)).join() === 'active');
    assert.equal((await call(s, 'get', { id: 3 })).score, 33);
    await s.stop();
    assert.equal(rows(s, "select * from sqlite_master where name like 'new_%' or name like 'log_%'").length, 0);
  });
});

describe(`a table of ${ROWS} rows`, () => {
  it('is copied in pieces while the old version serves; what is written meanwhile is in it', { timeout: 120000 }, async (t) => {
    const dir = folder();
    plugin(dir, 'p', ONE, NEEDS);
    const s = await serve({ dir });
    await fill(s, ROWS);
    plugin(dir, 'p', TWO, NEEDS);
    const began = performance.now();
    await s.cli('plugin', 'reload');
    assert.deepEqual(await states(s), ['active', 'migrating']);
    let calls = 0, slowest = 0;
    const ids = [];
    for (let i = 0; (await states(s)).includes('migrating'); i++) {
      const start = performance.now();
      ids.push((await call(s, 'add', { name: `late ${i}`, score: 7 }).catch(() => ({}))).id);
      slowest = Math.max(slowest, performance.now() - start);
      if (i === 0) await call(s, 'change', { id: 5, score: '77' });
      if (i === 1) await call(s, 'remove', { id: 6 });
      calls++;
    }
    const took = performance.now() - began;
    assert.deepEqual(await states(s), ['active']);
    assert.ok(calls > 2, 'the copy was not in pieces');
    for (const id of ids.slice(0, 2)) assert.equal((await call(s, 'get', { id })).code, `N-${id}`);
    assert.deepEqual(await call(s, 'get', { id: 5 }), { name: 'name 5', score: 77, code: 'N-5', version: 2 });
    await s.stop();
    assert.equal(rows(s, `select count(*) as n from p_p__nom where id <= ${ROWS}`)[0].n, ROWS - 1);
    assert.equal(rows(s, 'select count(*) as n from p_p__nom where id = 6')[0].n, 0);
    t.diagnostic(`${ROWS} rows in ${Math.round(took)} ms; ${calls} commands meanwhile, the slowest ${Math.round(slowest)} ms with its process`);
  });

  for (const at of ['store.copy_piece:1', 'store.copy_piece:3', ...['store.copy_piece:1', 'store.copy_piece:3', 'store.copy_exchanged:1'].flatMap((p) => [`${p}>lane.before_commit`, `${p}>lane.after_commit`]), 'store.copy_exchanged:1'])
    it(`killed at ${at}: the old or the new one is whole, and the new one comes in the end`, { timeout: 60000 }, async () => {
      const n = 8000, dir = folder();
      plugin(dir, 'p', ONE, NEEDS);
      const s = await serve({ dir });
      await fill(s, n);
      await s.stop();
      plugin(dir, 'p', TWO, NEEDS);
      await startTo(s, at);
      await dies(s, at);
      const columns = rows(s, 'select name from pragma_table_info(\'p_p__nom\')').map((r) => r.name);
      assert.ok(columns.includes('remark') !== columns.includes('code'), columns.join());
      assert.equal(columns.includes('code'), at === 'store.copy_exchanged:1>lane.after_commit');
      assert.equal(rows(s, 'select count(*) as n from p_p__nom')[0].n, n);
      await s.start();
      await until('active', async () => (await states(s)).join() === 'active');
      await check(s, n);
      await s.stop();
    });
});
