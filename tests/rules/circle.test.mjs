// Flows with limits that call each other: a call whose turn would never come is refused with its reason, one whose turn
// comes waits; what is paused keeps its turn, or is passed over while it waits for one.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';

// a calls b, b calls c by way of a flow without a limit, c calls a; `to` says how far.
const SOURCE = ({ a = 1, b = 1, c = 1, by, careful = false } = {}) => `
local function calls(run, flow, input)
  if input.to == "" then return run:wait("go") and "here" end
  run:wait("go")
  local rest = { to = input.to:sub(2), child = true }
  ${careful ? `local ok, why = pcall(run.call, run, flow, rest)
  run:wait("on")
  return ok and why or { code = why.code, message = why.message }` : 'return run:call(flow, rest)'}
end
local function child(run, flow, input)
  if not input.child then return calls(run, flow, input) end
  return input.to ~= "" and run:call(flow, { to = input.to:sub(2), child = true }) or "child"
end
local input = { to = "text", child = "boolean", undo = "boolean", k = "integer" }
flow.define("a", { input = input, retry = { times = 0 }, limit = { running = ${a} } }, function(run, i) return child(run, "b", i) end)
flow.define("b", { input = input, retry = { times = 0 }, limit = { running = ${b}${by ? `, key = "${by}"` : ''} } }, function(run, i)
  if i.undo then return run:call("undoer") end
  return child(run, "between", i)
end)
flow.define("undoer", function(run)
  run:compensate("c", { to = "", child = true })
  run:wait("never")
end)
flow.define("between", { input = input, retry = { times = 0 } }, function(run, i) return run:call("c", i) end)
flow.define("c", { input = input, retry = { times = 0 }, limit = { running = ${c} } }, function(run, i) return child(run, "a", i) end)
`;

async function office(options) {
  const dir = folder();
  plugin(dir, 't', SOURCE(options), { needs: '{ "flow" }' });
  const s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  s.begin = (flow, to) => s.startFlow(`t.${flow}`, { to });
  s.go = (id, name = 'go') => s.must('flow', 'signal', id, name);
  s.below = async (id) => (await s.must('flow', 'list', '--parent', id))[0];
  s.comes = async (id, want) => {
    for (let i = 0; ; i++) {
      const r = await s.flow(id);
      if ((r.held ?? r.state) === want) return r;
      assert.ok(i < 300, `${want}: ${JSON.stringify(r)}`);
      await pause(20);
    }
  };
  // The deepest run below one, once it waits for its turn.
  s.waits = async (id) => {
    for (let i = 0; ; i++) {
      let at = await s.flow(id);
      for (let next; (next = await s.below(at.id)); at = await s.flow(next.id));
      if (at.held === 'limit') return at;
      assert.ok(i < 300, JSON.stringify(at));
      await pause(20);
    }
  };
  // The run whose call was refused.
  s.fails = async () => {
    for (let i = 0; ; i++) {
      const [failed] = await s.must('flow', 'list', '--state', 'failed');
      if (failed) return failed;
      assert.ok(i < 300) ?? await pause(20);
    }
  };
  s.ends = async () => {
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  };
  return s;
}

describe('flows with limits that call each other', () => {
  it('are not left waiting for each other: the call that would close the circle is refused, the others go on', async () => {
    const s = await office(), a = await s.begin('a', 'b'), c = await s.begin('c', 'a');
    await s.go(c);
    const waits = await s.waits(c);
    assert.deepEqual([waits.flow, waits.held_by, waits.held_by_paused], ['a', a, undefined]);
    // a → b → between → c: two are between, and one of them has no limit.
    await s.must('flow', 'cancel', a);
    await s.comes(c, 'completed');
    const first = await s.begin('a', 'bc'), second = await s.begin('c', 'a');
    await s.go(second);
    await s.waits(second);
    await s.go(first);
    const refused = await s.fails();
    assert.equal(refused.flow, 'between');
    assert.deepEqual([refused.error.code, refused.error.values.flow, refused.error.values.run, refused.error.values.waits], ['flow.turn_circle', 'c', String(second), 't.a']);
    await s.must('flow', 'cancel', refused.id); // as of any child that has failed: its parent is told
    assert.equal((await s.comes(first, 'running')).id, first);
    for (let at = await s.below(first); at.state === 'running'; at = await s.below(first)) await pause(20);
    await s.must('flow', 'cancel', first);
    assert.equal((await s.comes(second, 'completed')).result, 'child');
    await s.ends();
  });

  it('more of them have the turn than a lowered limit lets: so many must end before it comes', async () => {
    const s = await office({ b: 2 }), a = await s.begin('a', 'b'), b = await s.begin('b', 'ca'), other = await s.begin('b', '');
    await s.go(b);
    assert.equal((await s.waits(b)).held_by, a);
    plugin(s.dir, 't', SOURCE({ b: 1 }), { needs: '{ "flow" }' });
    await s.must('plugin', 'reload', 't');
    await s.go(a); // one that has the turn of b will end, the other waits for this run
    assert.equal((await s.comes(a, 'failed')).error.code, 'flow.turn_circle');
    await s.go(other);
    await s.comes(b, 'completed');
    await s.ends();
  });

  it('a limit that is lowered while they wait, or counts by another field, does not leave them waiting for each other: one comes in beyond it', async () => {
    for (const [was, is] of [[{ b: 2 }, { b: 1 }], [{ by: 'k' }, {}]]) {
      const s = await office(was), a = await s.begin('a', 'b'), b = await s.startFlow('t.b', { to: 'ca', k: 2 }), other = await s.begin('b', '');
      await s.go(b);
      assert.equal((await s.waits(b)).held_by, a);
      await s.go(a);
      assert.equal((await s.waits(a)).flow, 'b'); // the other one would end, and its turn come free
      plugin(s.dir, 't', SOURCE(is), { needs: '{ "flow" }' });
      await s.must('plugin', 'reload', 't');
      for (const id of [a, b]) await s.comes(id, 'completed');
      assert.match(s.log, /flow\.turn_untied/);
      await s.go(other);
      await s.comes(other, 'completed');
      await s.ends();
    }
  });

  it('three of them, each of another family', async () => {
    const s = await office(), a = await s.begin('a', 'b'), b = await s.begin('b', 'c'), c = await s.begin('c', 'a');
    await s.go(a);
    assert.equal((await s.waits(a)).held_by, b);
    await s.go(b);
    assert.equal((await s.waits(b)).held_by, c);
    await s.go(c);
    const r = await s.comes(c, 'failed');
    assert.deepEqual([r.error.code, r.error.values.waits], ['flow.turn_circle', 't.b']);
    for (const id of [b, a]) assert.equal((await s.comes(id, 'completed')).result, 'child');
    await s.ends();
  });

  it('wait where a turn comes free, and are refused once none does', async () => {
    const s = await office({ a: 2 }), free = await s.begin('a', ''), held = await s.begin('a', 'b'), b = await s.begin('b', 'ca');
    await s.go(held);
    await s.waits(held);
    await s.go(b);
    assert.equal((await s.waits(b)).flow, 'a'); // b has its turn, and waits: but one that has a turn of a is free to end
    await s.go(free);
    for (const id of [free, b, held]) await s.comes(id, 'completed');
    const more = [await s.begin('a', 'b'), await s.begin('a', 'b')], last = await s.begin('b', 'ca');
    for (const id of more) await s.go(id);
    for (const id of more) await s.waits(id);
    await s.go(last);
    assert.equal((await s.fails()).error.code, 'flow.turn_circle');
    await s.must('flow', 'cancel', last);
    for (const id of more) assert.equal((await s.comes(id, 'completed')).result, 'child');
    await s.ends();
  });

  it('a refusal that is caught stands in the journal, and says what to do', async () => {
    const s = await office({ careful: true }), first = await s.begin('a', 'bc'), second = await s.begin('c', 'a');
    await s.go(first);
    assert.equal((await s.waits(first)).held_by, second);
    await s.go(second);
    const steps = async () => (await s.must('flow', 'history', second)).map((e) => e.op ?? e.type).join();
    for (let i = 0; (await steps()) !== 'run:wait,wake,run:call,run:wait'; i++) assert.ok(i < 200, await steps()) ?? await pause(20);
    await s.restart();
    await s.go(second, 'on');
    const { result } = await s.comes(second, 'completed');
    assert.equal(result.code, 'flow.turn_circle');
    assert.match(result.message, new RegExp(`run ${first} has its turn`));
    await s.go(first, 'on');
    assert.equal((await s.comes(first, 'completed')).result, 'child');
    await s.ends();
  });

  it('what undoes something is not refused: it comes in beyond the limit', async () => {
    const s = await office(), b = await s.startFlow('t.b', { undo: true }), c = await s.begin('c', 'ab');
    for (let i = 0; !(await s.below(b)); i++) assert.ok(i < 200) ?? await pause(20);
    await s.go(c);
    assert.equal((await s.waits(c)).held_by, b);
    const undone = await s.below(b);
    await s.must('flow', 'cancel', undone.id);
    await s.comes(undone.id, 'cancelled');
    assert.deepEqual([(await s.below(undone.id)).flow, (await s.below(undone.id)).result], ['c', 'child']);
    assert.equal((await s.comes(b, 'failed')).error.code, 'flow.child_ended');
    assert.equal((await s.comes(c, 'completed')).result, 'child');
    await s.ends();
  });
});

describe('a run that is paused', () => {
  it('keeps its turn, and those that wait say whose it is', async () => {
    const s = await office(), first = await s.begin('a', ''), next = await s.begin('a', '');
    await s.must('flow', 'pause', first);
    const seen = await s.comes(next, 'limit');
    assert.deepEqual([seen.held_by, seen.held_by_paused], [first, true]);
    const list = (await s.request('GET', '/api/runs?flow=t.a')).json, row = (list.runs ?? list).find((r) => r.id === next);
    assert.deepEqual([row.held, row.held_by, row.held_by_paused], ['limit', first, true]);
    await s.must('flow', 'resume', first);
    assert.equal((await s.comes(next, 'limit')).held_by_paused, undefined);
    await s.go(first);
    await s.comes(next, 'running');
    await s.ends();
  });

  it('is passed over while it waits for its turn, and has its old place again afterwards', async () => {
    const s = await office(), ids = [];
    for (let i = 0; i < 4; i++) ids.push(await s.begin('a', ''));
    for (const id of ids.slice(1)) await s.comes(id, 'limit');
    await s.must('flow', 'pause', ids[1]);
    await s.go(ids[0]);
    await s.comes(ids[2], 'running');
    assert.equal((await s.flow(ids[1])).held, 'limit');
    await s.restart();
    await s.must('flow', 'resume', ids[1]);
    await s.go(ids[2]);
    await s.comes(ids[1], 'running');
    assert.equal((await s.flow(ids[3])).held, 'limit');
    await s.must('flow', 'pause', ids[3]);
    await s.go(ids[1]);
    await s.comes(ids[1], 'completed');
    assert.deepEqual([(await s.flow(ids[3])).held, await s.must('verify')], ['limit', []]);
    await s.must('flow', 'resume', ids[3]); // nobody is there any more: it comes in at once
    await s.comes(ids[3], 'running');
    await s.ends();
  });
});
