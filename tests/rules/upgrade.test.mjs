// khung flow upgrade: open runs are tried against new source; those that fit move, the others stay and say where they differ.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { killedOn } from '../lib/crash.mjs';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';

const NEEDS = { needs: '{ "flow", "storage", "people" }' };
const HEAD = 'local rows = storage.table("row", { fields = { what = "text!" } })\n';

async function office(source) {
  const dir = folder();
  plugin(dir, 'u', HEAD + source, NEEDS);
  const s = await serve({ dir });
  s.change = async (text) => {
    plugin(dir, 'u', HEAD + text, NEEDS);
    await s.must('plugin', 'reload');
  };
  s.waiting = async (flow) => {
    const id = await s.startFlow(flow);
    await pause(50);
    return id;
  };
  s.done = (id) => s.until(id, ['completed', 'failed', 'blocked', 'cancelled']);
  s.sources = () => Number(execFileSync('python3', ['-c',
    'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("select count(distinct version) from plugin_source").fetchone()[0])',
    join(s.data, 'khung.db')], { encoding: 'utf8' }));
  return s;
}

const main = (before, after) => `flow.define("main", {}, function(run)
  rows:insert { what = "start" }
  ${before}
  run:wait("go")
  ${after}
end)
`;

describe('flow upgrade', () => {
  it('moves runs whose journal fits and changes nothing in a dry run', async () => {
    const s = await office(main('', 'return "old"'));
    const ids = [await s.waiting('u.main'), await s.waiting('u.main')];
    await s.change(main('', 'return "new"'));
    const dry = await s.must('flow', 'upgrade', '--dry-run');
    assert.deepEqual(dry.map((r) => [r.run, r.outcome]), ids.map((id) => [id, 'moves']));
    await s.must('flow', 'signal', ids[0], 'go');
    assert.equal((await s.done(ids[0])).result, 'old', 'a dry run moves nobody');
    const did = await s.must('flow', 'upgrade');
    assert.deepEqual(did.map((r) => r.run), [ids[1]]);
    await s.restart();
    await s.must('flow', 'signal', ids[1], 'go');
    assert.equal((await s.done(ids[1])).result, 'new');
    assert.deepEqual(await s.must('flow', 'upgrade'), []);
    assert.equal(s.sources(), 1, 'the old source is dropped when no run holds it');
    await s.stop();
  });

  it('says step, line and both calls where a run diverges, which goes on as it began', async () => {
    const s = await office(main('', 'return "old"'));
    const id = await s.waiting('u.main');
    await s.change(main('rows:insert { what = "more" }', 'return "new"'));
    const r = await s.cli('flow', 'upgrade', 'u', '--flow', 'main');
    assert.equal(r.code, 1);
    assert.deepEqual(r.json.map(({ outcome, where }) => ({ outcome, where })), [{ outcome: 'diverges', where: 'u/init.lua:4' }]);
    assert.match(r.json[0].journal, /run:wait \(u\/init\.lua:5\)/);
    assert.match(r.json[0].code, /table:insert \(u\/init\.lua:4\)/);
    assert.equal(s.sources(), 2);
    await s.must('flow', 'signal', id, 'go');
    assert.equal((await s.done(id)).result, 'old');
    await s.stop();
  });

  it('shows both calls with the arguments that differ, also when only they do', async () => {
    const ask = (within, to = 'an') => `flow.define("ask", {}, function(run)
  run:ask { to = people.person("${to}"), title = "Yes?", form = { decision = "choice:yes,no!" }, within = "${within}" }
end)`;
    const s = await office(ask('2 days'));
    await s.admin('an');
    const id = await s.waiting('u.ask');
    await s.change(ask('3 days'));
    const r = await s.cli('flow', 'upgrade', '--dry-run');
    const { step, journal, code, journal_args: then, code_args: now } = r.json[0];
    const entry = (await s.must('flow', 'history', id)).find((e) => e.op === 'run:ask').entry;
    assert.equal(Number(step), entry, 'the step is the number in flow history');
    assert.match(journal, /run:ask \(u\/init\.lua:3\)/);
    assert.equal(code, journal);
    assert.deepEqual([then.task.within, now.task.within, then.task.title], ['2 days', '3 days', 'Yes?']);
    const text = await s.text('flow', 'upgrade', '--dry-run', '--lang', 'en');
    assert.match(text, new RegExp(`^${id}  u\\.ask  diverges at step ${step}
  then  run:ask \\(u/init\\.lua:3\\): within = "2 days"
  now   run:ask \\(u/init\\.lua:3\\): within = "3 days"
`));
    await s.change('flow.define("ask", {}, function() return 1 end)');
    const early = (await s.cli('flow', 'upgrade', '--dry-run', '--lang', 'en')).json[0];
    assert.equal(early.outcome, 'diverges');
    assert.equal(Number(early.step), 0);
    assert.match(early.error, /ended before the journal/);
    assert.deepEqual(early.journal_args, { person: 'an' });
    await s.stop();
  });

  it('flow.patched lets old runs move over a deliberate change, and new ones take it', async () => {
    const s = await office(main('', 'return "old"'));
    const old = await s.waiting('u.main');
    const change = 'if flow.patched("more") then rows:insert { what = "more" } end';
    const now = main(change, 'return flow.patched("more") and "patched" or "unpatched"');
    await s.change(now);
    assert.deepEqual((await s.must('flow', 'upgrade')).map((r) => r.outcome), ['moves']);
    const fresh = await s.waiting('u.main');
    await s.restart();
    for (const id of [old, fresh]) await s.must('flow', 'signal', id, 'go');
    assert.equal((await s.done(old)).result, 'unpatched', 'what was answered with no stays so for the run');
    assert.equal((await s.done(fresh)).result, 'patched');
    await s.stop();
  });

  it('tries branches, children, checkpoints and open questions, and touches none of them', async () => {
    const source = (text) => `
flow.define("child", {}, function(run) run:wait("child_go") return "${text}" end)
flow.define("wide", {}, function(run)
  local r = run:all {
    a = function() run:sleep("1h") return 1 end,
    b = function() return run:call("child") end,
    c = function() return run:ask { to = people.person("an"), title = "ok?", form = { decision = "choice:approve,return!" } } end,
    d = function() return (run:any { x = function() run:wait("never") end, y = function() run:wait("soon") end }) end,
  }
  return "${text}"
end)
flow.define("long", {}, function(run)
  if not run.state then run:checkpoint { n = 1 } end
  run:wait("go")
  return "${text}" .. run.state.n
end)
`;
    const s = await office(source('old'));
    await s.admin('an');
    const wide = await s.waiting('u.wide');
    const long = await s.waiting('u.long');
    await s.must('flow', 'signal', wide, 'soon');
    const tasks = await s.must('task', 'list');
    await s.change(source('new'));
    const dry = await s.must('flow', 'upgrade', '--dry-run');
    assert.equal(dry.length, 3);
    assert.ok(dry.every((r) => r.outcome === 'moves'), JSON.stringify(dry));
    assert.deepEqual(await s.must('task', 'list'), tasks);
    await s.must('flow', 'upgrade');
    await s.must('flow', 'signal', long, 'go');
    assert.equal((await s.done(long)).result, 'new1');
    assert.deepEqual(await s.must('verify').catch((e) => e), []);
    await s.stop();
  });

  it('a flow that is gone keeps its runs where they are, with the reason', async () => {
    const s = await office(main('', 'return "old"'));
    const id = await s.waiting('u.main');
    await s.change('flow.define("other", {}, function() end)');
    const rows = await s.must('flow', 'upgrade');
    assert.deepEqual(rows.map((r) => [r.outcome, r.error_code]), [['stays', 'flow.unknown']]);
    await s.must('flow', 'signal', id, 'go');
    assert.equal((await s.done(id)).result, 'old');
    await s.stop();
  });

  // They move in one slice: all of them, or none.
  for (const [way, wanted] of [['upgrade.before_move:3', 'old'], ['upgrade.after_move:3', 'old'], ['upgrade.after_move:5>lane.before_commit', 'old'], ['upgrade.after_move:3>lane.after_commit', 'new']]) {
    it(`killed at ${way}: every run is of one version and goes on`, async () => {
      const s = await office(main('', 'return "old"'));
      const ids = [];
      for (let i = 0; i < 5; i++) ids.push(await s.waiting('u.main'));
      await s.change(main('', 'return "new"'));
      assert.notEqual((await killedOn(s, way, () => s.cli('flow', 'upgrade'))).code, 0);
      for (const id of ids) await s.must('flow', 'signal', id, 'go');
      for (const id of ids) assert.equal((await s.done(id)).result, wanted);
      await s.stop();
    });
  }
});
