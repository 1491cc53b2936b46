// The rules of the engine, one behaviour a test, against a service with a small plugin that the test writes.
// "Cold" is after a restart: the run is replayed from its journal.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { folder, pause, plugin, serve, write } from '../lib/khung.mjs';

const HEAD = `
local rows = storage.table("row", { fields = { what = "text!" } })
local function said(limit)
  local all = {}
  for _, row in ipairs(rows:find({}, { order = "id", limit = 1000 })) do all[#all + 1] = row.what end
  return table.concat(all, " ")
end
flow.define("said", { title = "Said" }, function(run) return said() end)
flow.define("say", { title = "Say", input = { what = "text!" } }, function(run, input) rows:insert { what = input.what } end)
`;
const NEEDS = { needs: '{ "flow", "storage", "content", "content:publish", "people" }' };

// A service with the plugin "r" of this source.
async function rules(source, config = {}) {
  const dir = folder();
  plugin(dir, 'r', HEAD + source, NEEDS);
  const s = await serve({ dir, config });
  s.change = (text) => plugin(dir, 'r', HEAD + text, NEEDS);
  s.said = async () => (await s.until(await s.startFlow('r.said'), ['completed', 'failed', 'blocked'])).result;
  s.done = (id) => s.until(id, ['completed', 'failed', 'blocked', 'cancelled']);
  s.waits = async (id) => {
    for (let i = 0; i < 200; i++) {
      const h = await s.must('flow', 'history', id);
      const open = h.filter((e) => e.type === 'wait').length - h.filter((e) => e.type === 'wake').length;
      if (open > 0) return h;
      await pause(10);
    }
    throw new Error(`run ${id} does not wait: ${JSON.stringify(await s.flow(id))}`);
  };
  const state = (await s.must('plugin', 'list'))[0];
  assert.equal(state.state, 'active', JSON.stringify(state));
  return s;
}

const flow = (name, body) => `flow.define("${name}", { title = "${name}" }, function(run)\n${body}\nend)\n`;
const go = (s, id, name = 'go', ...more) => s.must('flow', 'signal', id, name, ...more);

describe('language', () => {
  it('a run speaks the language of the organisation from its first slice on, whoever starts it', async () => {
    const s = await rules(`
${flow('main', `
  run:note(t"greeting")
  run:wait("go")
  return t"greeting"`)}`);
    write(join(s.dir, 'plugins/r/locale/vi.lua'), 'return { greeting = "Chào" }\n');
    write(join(s.dir, 'plugins/r/locale/en.lua'), 'return { greeting = "Hello" }\n');
    await s.must('plugin', 'reload');
    const { id } = await s.must('flow', 'start', 'r.main', '--input', '{}', '--lang', 'en');
    await s.waits(id);
    await s.stop();
    const without = await s.must('flow', 'start', 'r.main', '--input', '{}', '--lang', 'en', '--plugins', s.plugins);
    await s.start();
    for (const each of [id, without.id]) {
      await go(s, each);
      const run = await s.done(each);
      assert.equal(run.state, 'completed', JSON.stringify(run));
      assert.equal(run.result, 'Chào');
    }
    await s.stop();
  });
});

describe('refusals', () => {
  it('one that pcall caught is caught alike on replay, and what it undid stays undone', async () => {
    const s = await rules(`
local one = storage.table("one", { fields = { k = "text!" }, unique = { { "k" } } })
${flow('main', `
  one:insert { k = "a" }
  local ok, e = pcall(one.insert, one, { k = "a" })
  local before = tostring(e)
  run:wait("go")
  return { ok = ok, same = before == tostring(e), text = before, count = #one:find({}) }`)}`);
    const id = await s.startFlow('r.main');
    await s.waits(id);
    await s.restart();
    await go(s, id);
    const run = await s.done(id);
    assert.equal(run.state, 'completed', JSON.stringify(run));
    assert.equal(run.result.ok, false);
    assert.equal(run.result.same, true);
    assert.equal(run.result.count, 1);
    const refused = (await s.must('flow', 'history', id)).filter((e) => e.refused !== undefined);
    assert.equal(refused.length, 1);
    await s.stop();
  });

  it('a wait inside a veto hook is refused, and says so', async () => {
    const s = await rules(`
content.type("note", { fields = { title = "text!" } })
on("content.before_publish", function(item) loop.sleep("1s") end)
${flow('main', `
  local item = content.create("note", { title = "x" })
  local ok, e = pcall(content.publish, item)
  return { ok = ok, code = e.code }`)}`);
    const run = await s.done(await s.startFlow('r.main'));
    assert.equal(run.result?.ok, false, JSON.stringify(run));
    assert.equal(run.result.code, 'wait.impossible');
    await s.stop();
  });

  it('a function that assigns a variable of the chunk is refused at load, with its line', async () => {
    const dir = folder();
    plugin(dir, 'r', 'local count = 0\nflow.define("main", { title = "x" }, function(run)\n  count = count + 1\nend)\n');
    const s = await serve({ dir });
    const [p] = await s.must('plugin', 'list');
    assert.notEqual(p.state, 'active');
    assert.match(JSON.stringify(p) + s.log, /init\.lua:3/);
    await s.stop();
  });

  it('a module table cannot be written to by a flow', async () => {
    const s = await rules(`local kept = { n = 0 }\n${flow('main', `
  local a = pcall(function() kept.n = 1 end)
  local b = pcall(rawset, kept, "n", 1)
  local c = pcall(table.insert, kept, 1)
  return { a = a, b = b, c = c, n = kept.n, len = #kept }`)}`);
    const run = await s.done(await s.startFlow('r.main'));
    assert.deepEqual(run.result, { a: false, b: false, c: false, n: 0, len: 0 });
    await s.stop();
  });
});

describe('branches', () => {
  it('run:all gives the results by name', async () => {
    const s = await rules(flow('main', `
  return run:all {
    a = function() run:sleep("20ms") return 1 end,
    b = function() return { two = 2 } end,
    c = function() return run:call("r.said") end,
  }`));
    const run = await s.done(await s.startFlow('r.main'));
    assert.equal(run.state, 'completed', JSON.stringify(run));
    assert.deepEqual([run.result.a, run.result.b, run.result.c], [1, { two: 2 }, '']);
    await s.stop();
  });

  it('of run:any resolve on replay in the order of the journal, not of their names', async () => {
    const s = await rules(flow('main', `
  local order = {}
  local function branch(name) return function() run:wait(name) order[#order + 1] = name rows:insert { what = name } end end
  run:all { a = branch("a"), b = branch("b"), c = branch("c") }
  run:wait("go")
  local name = run:any { x = function() run:wait("x") return 1 end, y = function() run:wait("y") return 2 end }
  return { order = order, won = name }`));
    const id = await s.startFlow('r.main');
    for (const name of ['c', 'a', 'b']) {
      await go(s, id, name);
      await s.restart();
    }
    await go(s, id);
    await go(s, id, 'y');
    await s.restart();
    const run = await s.done(id);
    assert.deepEqual(run.result, { order: ['c', 'a', 'b'], won: 'y' });
    assert.equal(await s.said(), 'c a b');
    await s.stop();
  });

  it('that lose are cancelled with their children', async () => {
    const s = await rules(`${flow('child', 'run:wait("never")')}${flow('main', `
  local name = run:any { fast = function() run:wait("go") end, slow = function() run:call("r.child") end }
  return { won = name }`)}`);
    const id = await s.startFlow('r.main');
    await s.waits(id);
    await s.restart();
    await go(s, id);
    assert.equal((await s.done(id)).result.won, 'fast');
    const child = (await s.must('flow', 'list', '--flow', 'r.child'))[0];
    assert.equal((await s.until(child.id, ['cancelled'])).state, 'cancelled');
    await s.stop();
  });

  it('math.random gives a run the same numbers on replay, though hooks draw too', async () => {
    const s = await rules(`
content.type("note", { fields = { title = "text!" } })
on("content.before_publish", function(item) math.random() end)
${flow('main', `
  local function draw() return tostring(math.random(1000000)) end
  rows:insert { what = draw() }
  content.publish(content.create("note", { title = draw() }))
  rows:insert { what = draw() }
  run:wait("go")
  rows:insert { what = draw() }
  run:wait("go")
  return "done"`)}`);
    const ids = [await s.startFlow('r.main'), await s.startFlow('r.main')];
    for (let i = 0; i < 2; i++) {
      for (const id of ids) await s.waits(id);
      await s.restart();
      for (const id of ids) await go(s, id);
    }
    for (const id of ids) assert.equal((await s.done(id)).state, 'completed', JSON.stringify(await s.flow(id)));
    const all = (await s.said()).split(' ');
    assert.equal(all.length, 6);
    assert.equal(new Set(all).size, 6);
    await s.stop();
  });

  it('pairs goes in one order, hot and cold', async () => {
    const s = await rules(flow('main', `
  local t = {}
  for i = 1, 40 do t["key" .. i * 7919 % 101] = i end
  local function order() local o = {} for k in pairs(t) do o[#o + 1] = k end return table.concat(o, ",") end
  local first = order()
  rows:insert { what = "x" }
  for k in pairs(t) do rows:insert { what = k } end
  run:wait("go")
  return { first = first, second = order() }`));
    const one = await s.startFlow('r.main');
    await s.waits(one);
    await s.restart();
    await go(s, one);
    const run = await s.done(one), two = await s.startFlow('r.main');
    await s.waits(two);
    await go(s, two);
    assert.equal(run.state, 'completed', JSON.stringify(run));
    assert.equal(run.result.first, run.result.second);
    assert.equal((await s.done(two)).result.first, run.result.first);
    await s.stop();
  });
});

describe('versions', () => {
  it('a run goes on with the source that it began with, and the new one is for new runs', async () => {
    const s = await rules(flow('main', 'rows:insert { what = "old" }\nrun:wait("go")\nreturn "old"'));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    s.change(flow('main', 'run:wait("go")\nrows:insert { what = "new" }\nreturn "new"'));
    await s.must('plugin', 'reload');
    await s.restart();
    await go(s, id);
    assert.equal((await s.done(id)).result, 'old');
    const fresh = await s.startFlow('r.main');
    await go(s, fresh);
    assert.equal((await s.done(fresh)).result, 'new');
    await s.stop();
  });

  it('a pinned version registers its hooks no second time', async () => {
    const source = (n) => `
content.type("note", { fields = { title = "text!" } })
on("content.before_publish", function(item) rows:insert { what = "hook${n}" } end)
${flow('main', `
  run:wait("go")
  content.publish(content.create("note", { title = "v${n}" }))
  return ${n}`)}`;
    const s = await rules(source(1));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    s.change(source(2));
    await s.must('plugin', 'reload');
    await s.restart();
    await go(s, id);
    const run = await s.done(id);
    assert.equal(run.result, 1, JSON.stringify(run));
    assert.equal(await s.said(), 'hook2');
    await s.stop();
  });

  it('a run that is forced onto source which does something else is blocked, with both calls', async () => {
    const s = await rules(flow('main', 'rows:insert { what = "old" }\nrun:wait("go")\nreturn "old"'));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    s.change(flow('main', 'storage.kv.set("k", 1)\nrun:wait("go")\nreturn "new"'));
    await s.must('plugin', 'reload');
    await s.cli('flow', 'retry', id, '--upgrade');
    const run = await s.until(id, ['blocked', 'failed', 'completed']);
    assert.equal(run.state, 'blocked', JSON.stringify(run));
    const text = JSON.stringify(run);
    assert.match(text, /table:insert/);
    assert.match(text, /storage\.kv\.set/);
    assert.equal(await s.said(), 'old');
    await s.stop();
  });

  it('a run that is moved onto source which fits goes on with it', async () => {
    const s = await rules(flow('main', 'rows:insert { what = "first" }\nrun:wait("go")\nerror("bad")'));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    s.change(flow('main', 'rows:insert { what = "first" }\nrun:wait("go")\nreturn "mended"'));
    await s.must('plugin', 'reload');
    await s.must('flow', 'retry', id, '--upgrade');
    await go(s, id);
    assert.equal((await s.done(id)).result, 'mended');
    assert.equal(await s.said(), 'first');
    await s.stop();
  });

  it('a failed run is retried after mending, and what it had done is not done again', async () => {
    const define = (body) => `flow.define("main", { title = "x", retry = { times = 1 } }, function(run)\n${body}\nend)\n`;
    const s = await rules(define('rows:insert { what = "first" }\nrun:wait("go")\nerror("bad luck")'));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    await go(s, id);
    const failed = await s.until(id, ['failed', 'completed'], 30000);
    assert.match(JSON.stringify(failed.error), /bad luck/);
    assert.match(JSON.stringify(failed.error), /init\.lua:/);
    assert.deepEqual(await s.must('verify'), []); // it keeps the wait from which it will go on
    s.change(define('rows:insert { what = "first" }\nrun:wait("go")\nreturn "mended"'));
    await s.must('plugin', 'reload');
    await s.must('flow', 'retry', id, '--upgrade');
    assert.equal((await s.until(id, ['completed', 'blocked'])).result, 'mended');
    assert.equal(await s.said(), 'first');
    await s.stop();
  });
});

describe('from outside', () => {
  it('a signal that comes early is kept, and one that comes twice counts once', async () => {
    const s = await rules(flow('main', `
  run:wait("first")
  local all = {}
  for i = 1, 2 do all[i] = run:wait("go").n end
  local third = run:wait("go", nil, { within = "100ms" })
  return { all = all, third = third ~= nil }`));
    const id = await s.startFlow('r.main');
    await go(s, id, 'go', '--input', '{"n":1}', '--key', 'a');
    await s.cli('flow', 'signal', id, 'go', '--input', '{"n":1}', '--key', 'a');
    await s.restart();
    await s.cli('flow', 'signal', id, 'go', '--input', '{"n":9}', '--key', 'a');
    await go(s, id, 'go', '--input', '{"n":2}', '--key', 'b');
    await go(s, id, 'first');
    assert.deepEqual((await s.done(id)).result, { all: [1, 2], third: false });
    await s.stop();
  });

  it('a start with the same business id gives the same run, also after a restart', async () => {
    const s = await rules(flow('main', 'rows:insert { what = "once" }'));
    const [a, b] = await Promise.all([s.startFlow('r.main', {}, 'x'), s.startFlow('r.main', {}, 'x')]);
    await s.restart();
    assert.deepEqual([a, b], Array(2).fill(await s.startFlow('r.main', {}, 'x')));
    assert.notEqual(a, await s.startFlow('r.main', {}, 'y'));
    assert.equal(await s.said(), 'once once');
    await s.stop();
  });

  it('a paused run stands still until it is resumed, over a restart', async () => {
    const s = await rules(flow('main', 'run:wait("go")\nrows:insert { what = "on" }\nreturn 1'));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    await s.must('flow', 'pause', id);
    await go(s, id);
    await s.restart();
    await pause(150);
    assert.equal(await s.said(), '');
    assert.equal((await s.flow(id)).paused, true);
    await s.must('flow', 'resume', id);
    assert.equal((await s.done(id)).result, 1);
    await s.stop();
  });

  it('a cancelled run is compensated, the last first, and its children are cancelled', async () => {
    const s = await rules(`${flow('child', 'run:wait("never")')}${flow('main', `
  for _, what in ipairs { "a", "b", "c" } do run:compensate("r.say", { what = "undo-" .. what }) end
  run:call("r.child")`)}`);
    const id = await s.startFlow('r.main');
    await s.waits(id);
    await s.restart();
    await s.must('flow', 'cancel', id, '--reason', 'no need');
    assert.equal((await s.until(id, 'cancelled')).state, 'cancelled');
    assert.equal(await s.said(), 'undo-c undo-b undo-a');
    const [child] = await s.must('flow', 'list', '--flow', 'r.child');
    assert.equal(child.state, 'cancelled');
    await s.must('flow', 'list');
    await s.stop();
  });

  it('a checkpoint enters the flow anew with its state, hot and cold, and the journal starts afresh', async () => {
    const s = await rules(flow('main', `
  local n = run.state and run.state.n or 0
  rows:insert { what = "round" .. n }
  if n == 6 then return { n = n } end
  if n % 3 == 2 then run:wait("go") end
  run:checkpoint { n = n + 1 }`));
    const id = await s.startFlow('r.main');
    for (let i = 0; i < 2; i++) {
      await s.waits(id);
      assert.ok((await s.must('flow', 'history', id)).length < 6);
      await s.restart();
      await go(s, id);
      await pause(100);
    }
    assert.deepEqual((await s.done(id)).result, { n: 6 });
    assert.equal(await s.said(), [0, 1, 2, 3, 4, 5, 6].map((n) => `round${n}`).join(' '));
    await s.stop();
  });

  it('a sleep ends while the service is down', async () => {
    const s = await rules(flow('main', 'run:sleep("1h")\nreturn "awake"'));
    const id = await s.startFlow('r.main');
    await s.waits(id);
    await s.kill();
    await s.later(2);
    assert.equal((await s.done(id)).result, 'awake');
    await s.stop();
  });
});

describe('budgets', () => {
  const hungry = {
    'loops for ever': 'while true do end',
    'loops for ever inside pcall': 'while true do pcall(function() while true do end end) end',
    'loops for ever in a coroutine': 'local co = coroutine.wrap(function() while true do end end) while true do pcall(co) end',
    'takes all memory': 'local t = {} for i = 1, 1e9 do t[i] = string.rep("x", 1e6) .. i end',
  };
  for (const [what, body] of Object.entries(hungry))
    it(`a flow that ${what} is stopped, leaves nothing behind, and others go on`, async () => {
      const s = await rules(`${flow('main', `rows:insert { what = "bad" }\n${body}`)}${flow('good', 'rows:insert { what = "good" }\nreturn 1')}`);
      const id = await s.startFlow('r.main');
      const good = await s.startFlow('r.good');
      assert.equal((await s.done(good)).result, 1);
      const run = await s.flow(id);
      assert.match(JSON.stringify(run.error), /limit\./, JSON.stringify(run));
      assert.equal(await s.said(), 'good');
      await s.stop();
    });

  it('a long journal is replayed though it takes more time than a slice may', async () => {
    const s = await rules(flow('main', `
  for i = 1, 60 do
    for k = 1, 50 do storage.kv.set("k" .. k, i) end
    for k = 1, 20000 do local x = k * k end
    run:sleep("0s")
  end
  run:wait("go")
  return storage.kv.get("k50")`));
    const id = await s.startFlow('r.main');
    for (let i = 0; ; i++) {
      const run = await s.flow(id);
      if (run.entries >= 60 * 52 + 1) break;
      assert.ok(i < 500 && run.state === 'running', JSON.stringify(run));
      await pause(20);
    }
    await s.restart();
    await go(s, id);
    const run = await s.done(id);
    assert.equal(run.result, 60, JSON.stringify(run));
    await s.stop();
  });
});
