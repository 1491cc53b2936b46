// khung test: what it gives to specs, and that it finds what is wrong in a plugin that works when nothing happens to it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KHUNG, folder } from '../lib/khung.mjs';

const manifest = (needs) => `return { name = "probe", version = "1.0.0", api = 1, needs = { ${needs} } }\n`;
const NEEDS = '"flow", "storage", "people", "schedule", "loop", "fetch:api.example.org"';
const ORG = `local org = { persons = { { code = "lan", name = "Lan" }, { code = "hoa", name = "Hoa" } },
  units = { { code = "office", name = "Office", kind = "office", from = "2020-01-01" } },
  positions = { { code = "head", title = "Head", roles = { "clerk" } } },
  holders = { { position = "head", unit = "office", person = "hoa", from = "2020-01-01" } } }\n`;

// A plugin "probe" of these files; its specs are run with these arguments.
const plugin = (files, needs = NEEDS) => {
  const dir = folder();
  for (const [name, text] of Object.entries({ 'plugin.lua': manifest(needs), ...files })) {
    mkdirSync(dirname(join(dir, 'probe', name)), { recursive: true });
    writeFileSync(join(dir, 'probe', name), text);
  }
  return dir;
};
const run = (dir, ...args) => spawnSync(KHUNG, ['test', '--plugins', dir, '--lang', 'en', ...args], { encoding: 'utf8', timeout: 60000 });
const json = (dir, ...args) => {
  const r = run(dir, '--json', ...args);
  assert.ok(r.stdout, r.stderr);
  return JSON.parse(r.stdout);
};
const spec = (body, init = 'flow.define("nothing", {}, function(run) end)', ...args) =>
  json(plugin({ 'init.lua': init, 'spec/probe_spec.lua': `${ORG}describe("probe", function()\n${body}\nend)\n` }), ...args);
const one = (result) => {
  assert.equal(result.tests.length, 1);
  return result.tests[0];
};

const FETCH = `
flow.define("rate", { input = { day = "text" } }, function(run, input)
  local got = run:fetch { url = "https://api.example.org/rates/" .. input.day, headers = { ["X-Key"] = "k" } }
  local told = run:fetch { url = "https://api.example.org/seen", method = "POST", json = { rate = got.json.usd } }
  return { usd = got.json.usd, told = told.status }
end)`;

test('fetches are answered by the spec, by method and pattern, and can be looked at', () => {
  const t = one(spec(`it("asks", function(t)
      local days = {}
      t:fetch_answers {
        ["https://api.example.org/*"] = 500,
        ["GET https://api.example.org/rates/*"] = function(q) days[#days + 1] = q.url; return { json = { usd = 24 } } end,
        ["POST https://api.example.org/seen"] = { status = 204 },
      }
      local run = t:start("rate", { day = "monday" })
      t:equal(flow.get(run).result, { usd = 24, told = 204 })
      local asked = t:requests()
      t:equal(#asked, 2)
      t:equal(asked[1].method .. " " .. asked[1].url, "GET https://api.example.org/rates/monday")
      t:equal(asked[1].headers["X-Key"], "k")
      t:equal(asked[2].json, { rate = 24 })
      t:equal(days, { "https://api.example.org/rates/monday" })
    end)`, FETCH));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
  assert.deepEqual([t.kills, t.faults], [3, 3]); // flow.start and the two fetches
});

test('mail leaves for nobody and can be looked at, killed or not', () => {
  const t = one(spec(`it("writes", function(t)
      t:org { persons = { { code = "lan", name = "Lan", email = "lan@example.org" } }, users = { { name = "lan", person = "lan", lang = "en" } } }
      t:equal(#t:mails(), 0)
      t:start("ask", {})
      local mails = t:mails()
      t:equal(#mails, 1)
      t:equal({ mails[1].to, mails[1].subject }, { "lan@example.org", "Task: Look here" })
    end)`, `flow.define("ask", {}, function(run) run:ask { to = people.person("lan"), title = "Look here" } end)`));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
});

test('a fetch without an answer fails the test and says how to give one', () => {
  const t = one(spec('it("asks", function(t) t:start("rate", { day = "x" }) end)', FETCH));
  assert.equal(t.code, 'spec.no_answer');
  assert.match(t.message, /GET https:\/\/api\.example\.org\/rates\/x .*t:fetch_answers/s);
  assert.match(t.where, /probe_spec\.lua:6$/);
});

test('a host that was not granted is refused as it would be', () => {
  const t = one(spec(`it("asks", function(t)
      t:fetch_answers { ["*"] = 200 }
      local run = t:start("out", {})
      t:equal(flow.get(run).result, "fetch.host")
      t:equal(#t:requests(), 0)
    end)`, `flow.define("out", {}, function(run)
      local ok, err = pcall(function() return run:fetch { url = "https://evil.example.com/" } end)
      return err.code
    end)`));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
});

test('loop.fetch is answered too, and a failure of the network can be had', () => {
  const t = one(spec(`it("asks", function(t)
      t:fetch_answers { ["GET https://api.example.org/a"] = "hello", ["https://api.example.org/b"] = { failed = "fetch.timeout" } }
      t:advance("1m")
      t:equal(storage.kv.get("body"), "hello")
      t:equal(storage.kv.get("code"), "fetch.timeout")
    end, { volatile = true })`, `loop.after("10s", function()
      storage.kv.set("body", loop.fetch { url = "https://api.example.org/a" }.body)
      local ok, err = pcall(loop.fetch, { url = "https://api.example.org/b" })
      storage.kv.set("code", err.code)
    end)`));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
  assert.equal(t.kills + t.faults, 0);
});

const TWICE = `flow.define("count", {}, function(run)
  storage.kv.set("a", 1)
  storage.kv.add("n", 1)
  run:sleep("1d")
  storage.kv.add("n", 1)
end)`;

test('a flow is killed after each call and gives the same', () => {
  const t = one(spec(`it("counts", function(t)
      t:start("count", {})
      t:advance("2 days")
      t:equal(storage.kv.get("n"), 2)
    end)`, TWICE));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
  assert.deepEqual([t.kills, t.faults], [5, 5]); // flow.start, set, add, sleep, add
});

// What a plugin keeps in the memory of a coroutine (loop.*) is gone after a kill.
test('what does not survive a kill fails there and not straight through, with the call', () => {
  const volatile = `loop.after("1h", function()
      storage.kv.add("n", 1)
      loop.sleep("1h")
      storage.kv.add("n", 1)
    end)`;
  const t = one(spec('it("counts", function(t) t:advance("3h"); t:equal(storage.kv.get("n"), 2) end)', volatile));
  assert.equal(t.outcome, 'failed');
  assert.equal(t.pass, 'killed', JSON.stringify(t));
  assert.match(t.call, /storage\.kv\.add|loop\./);
});

test('what a spec does not look at is compared in the database', () => {
  const init = `loop.after("1h", function()
      storage.kv.add("n", 1)
      loop.sleep("1h")
      storage.kv.add("n", 1)
    end)`;
  const t = one(spec('it("looks away", function(t) t:advance("3h") end)', init));
  assert.equal(t.code, 'spec.state');
  assert.match(t.detail, /^[-+]kv /m);
});

test('the order follows the seed; the report follows the file', () => {
  const body = `local seen = {}
    for _, name in ipairs { "a", "b", "c", "d", "e", "f" } do
      it(name, function(t)
        seen[#seen + 1] = name
        t:expect(false, table.concat(seen))
      end)
    end`;
  const order = (seed) => spec(body, undefined, '--fast', '--seed', seed).tests;
  const last = (tests) => tests.map((t) => t.message).sort((x, y) => y.length - x.length)[0];
  assert.deepEqual(order('1').map((t) => t.it), ['a', 'b', 'c', 'd', 'e', 'f']);
  assert.equal(last(order('1')), last(order('1')));
  assert.ok(new Set(['1', '2', '3', '4'].map((s) => last(order(s)))).size > 1);
  const text = run(plugin({ 'init.lua': TWICE, 'spec/probe_spec.lua': 'describe("x", function() it("y", function(t) t:expect(false) end) end)' }), '--seed', '77');
  assert.match(text.stdout, /^seed 77\n/);
  assert.match(text.stdout, /khung test probe --seed 77 --only "y"/);
  assert.match(text.stdout, /\nseed 77\n0 passed, 1 failed\n$/);
  assert.equal(text.status, 1);
});

test('hooks go around each test, outer ones outside; a pending one is not run', () => {
  const r = spec(`local seen = {}
    before_each(function() seen = { "outer" } end)
    after_each(function(t) t:equal(seen[#seen], "after inner") end)
    describe("inner", function()
      before_each(function() seen[#seen + 1] = "inner" end)
      after_each(function() seen[#seen + 1] = "after inner" end)
      it("sees both", function(t) t:equal(seen, { "outer", "inner" }) end)
    end)
    pending("later", function() error("not run") end)
    it("without anything")`);
  assert.deepEqual(r.tests.map((t) => [t.describe, t.it, t.outcome]),
    [['probe inner', 'sees both', 'passed'], ['probe', 'later', 'pending'], ['probe', 'without anything', 'pending']]);
  assert.deepEqual([r.passed, r.failed, r.pending], [1, 0, 2]);
});

test('a failure says what was wanted, where, and through which line of the test it came', () => {
  const r = spec(`local function check(t, a, b) t:equal(a, b, "the sum") end
    it("short", function(t)
      check(t, 1 + 1, 3)
    end)
    it("long", function(t) t:equal({ a = 1, list = { "x", "y\\nz" } }, { a = 1, list = { "x", "y\\nw" } }) end)
    it("error", function(t) t:expect_error("mine.code", function() error { code = "other.code", message = "no" } end) end)
    it("none", function(t) t:expect_error("mine.code", function() end) end)
    it("task", function(t) t:expect_task(nil, { title = "x" }) end)`, undefined, '--fast');
  const by = Object.fromEntries(r.tests.map((t) => [t.it, t]));
  assert.match(by.short.message, /the sum: expected 3, got 2/);
  assert.match(by.short.where, /probe_spec\.lua:6$/);
  assert.match(by.short.detail, /probe_spec\.lua:6\n.*probe_spec\.lua:8\n/);
  assert.match(by.long.detail, /\n-.*w\n\+.*z\n/);
  assert.match(by.error.message, /mine\.code.*other\.code/);
  assert.equal(by.none.code, 'spec.no_error');
  assert.equal(by.task.code, 'spec.no_task');
});

test('actors start, decide and see their tasks; an unknown one is an error', () => {
  const init = `flow.define("ask", { input = { who = "person!" } }, function(run, input)
      local answer = run:ask { to = { position = "head", unit = people.unit("office") }, title = "Well?", form = { decision = "choice:approve,return!" } }
      return { decision = answer.decision, by = answer.by, from = run.started_by }
    end)`;
  const r = spec(`before_each(function(t) t:org(org) end)
    it("acts", function(t)
      local lan, hoa = t:as("lan"), t:as("hoa")
      local run = lan:start("ask", { who = people.person("lan") })
      t:equal(#lan:tasks(), 0)
      t:equal(#hoa:tasks(), 1)
      hoa:decide({ title = "Well?" }, { decision = "approve" })
      t:equal(flow.get(run).result.decision, "approve")
      t:equal(flow.get(run).result.by, people.person("hoa").id)
    end)
    it("may not", function(t)
      local run = t:as("lan"):start("ask", { who = people.person("lan") })
      t:expect_error("spec.no_task", function() t:as("lan"):expect_task(run) end)
      t:expect_error("spec.nobody", function() t:decide({ title = "Well?" }, {}) end)
    end)
    it("nobody", function(t) t:as("nobody") end)`, init);
  const by = Object.fromEntries(r.tests.map((t) => [t.it, t]));
  assert.equal(by.acts.outcome, 'passed', JSON.stringify(by.acts));
  assert.equal(by['may not'].outcome, 'passed', JSON.stringify(by['may not']));
  assert.equal(by.nobody.code, 'people.no_person');
  assert.match(by.nobody.message, /nobody/);
});

test('zone and calendar are those of the spec, for that test alone', () => {
  const r = spec(`it("there", function(t)
      t:zone("Europe/London")
      t:calendar { { year = 2021, holidays = { "2021-07-02", "2021-07-05" }, working = { "2021-07-03" } } }
      t:clock("2021-07-01 09:00")
      t:equal(t:now().iso, "2021-07-01T08:00:00Z")
      t:advance("1 working days")
      t:equal(t:now().text, "2021-07-03 09:00")
      t:calendar { year = 2022, holidays = {} }
      t:expect_error("zone.unknown", function() t:zone("Mars/Base") end)
    end)
    it("here", function(t) t:clock("2021-07-01 09:00"); t:equal(t:now().iso, "2021-07-01T02:00:00Z") end)`);
  for (const t of r.tests) assert.equal(t.outcome, 'passed', JSON.stringify(t));
});

test('snapshots are written on request, kept the same whatever the ids, and shown where they differ', () => {
  const files = (word) => ({
    'init.lua': TWICE,
    'spec/probe_spec.lua': `describe("x", function() it("y", function(t)
      local run = t:start("count", {})
      t:snapshot("run", { id = run.id, again = run.id, word = "${word}", lines = "a\\nb", at = t:now() })
      t:snapshot("page", "<p>${word}</p>")
    end) end)`,
  });
  const dir = plugin(files('one'));
  assert.equal(one(json(dir)).code, 'spec.no_snapshot');
  assert.match(run(dir, '--update').stdout, /2 snapshots written/);
  assert.equal(readFileSync(join(dir, 'probe/spec/snapshots/run.txt'), 'utf8'),
    '{\n  again = <1>\n  at = 2021-01-04 00:00\n  id = <1>\n  lines = |\n    | a\n    | b\n  word = "one"\n}\n');
  assert.equal(one(json(dir)).outcome, 'passed');
  writeFileSync(join(dir, 'probe/spec/probe_spec.lua'), files('two')['spec/probe_spec.lua']);
  const t = one(json(dir));
  assert.equal(t.code, 'spec.snapshot');
  assert.match(t.detail, /-  word = "one"\n\+  word = "two"/);
  const bad = spec('it("y", function(t) t:snapshot("../../x", 1) end)', undefined, '--update');
  assert.equal(one(bad).code, 'spec.snapshot_name');
  assert.ok(!existsSync(join(dir, '../x.txt')));
});

test('coverage tells the lines that were not run, in flows, modules and coroutines', () => {
  const dir = plugin({
    'init.lua': 'local m = require "probe.m"\nflow.define("f", {}, function(run)\n  m.f(1)\n  run:sleep("1h")\n  return 1\nend)\n',
    'm.lua': 'local m = {}\nfunction m.f(x)\n  if x == 1 then\n    return 1\n  end\n  local y = 2\n  return y\nend\n\nfunction m.never()\n  return 3\nend\nreturn m\n',
    'spec/probe_spec.lua': 'describe("x", function() it("y", function(t) t:start("f", {}); t:advance("2h") end) end)',
  });
  const lcov = join(dir, 'out.info');
  const r = json(dir, '--coverage', '--lcov', lcov);
  assert.equal(r.failed, 0, JSON.stringify(r.tests));
  assert.deepEqual(r.coverage.map((f) => [f.file, f.lines, f.run, f.missing]), [['probe/init.lua', 6, 6, ''], ['probe/m.lua', 11, 8, '6-7, 11']]);
  const text = readFileSync(lcov, 'utf8');
  assert.match(text, /SF:.*probe\/m\.lua\n(DA:.*\n)*DA:6,0\nDA:7,0\n/);
  assert.match(text, /DA:4,[1-9]\d*\n/);
  assert.equal(json(dir).coverage, undefined);
});

test('a JUnit file has each test, and no character that XML refuses', () => {
  const dir = plugin({ 'init.lua': TWICE, 'spec/probe_spec.lua': 'describe("<a>", function() it("b & c", function(t) t:expect(false, "\\27[1m<no>") end) it("d") end)' });
  const file = join(dir, 'junit.xml');
  run(dir, '--junit', file, '--fast');
  const text = readFileSync(file, 'utf8');
  assert.match(text, /tests="2" failures="1" skipped="1"/);
  assert.match(text, /name="&#60;a&#62;: b &#38; c"/);
  assert.ok(!text.includes('\x1b'));
  assert.equal(spawnSync('python3', ['-c', `import xml.dom.minidom as m; m.parse(${JSON.stringify(file)})`]).status, 0);
});

test('a plugin that does not load, and a file that is no Lua, are failures with their place', () => {
  const broken = json(plugin({ 'init.lua': 'flow.defin("x")', 'spec/probe_spec.lua': 'describe("x", function() it("y", function() end) end)' }));
  assert.match(one(broken).where, /probe\/init\.lua:1/);
  const syntax = json(plugin({ 'init.lua': TWICE, 'spec/probe_spec.lua': 'describe(' }));
  assert.equal(one(syntax).code, 'lua.syntax');
});

test('a run that is started when the transaction is lost leaves nothing that goes round', () => {
  const t = one(spec('it("y", function(t) t:start("count", {}) t:advance("2 days") end)', TWICE, '--thorough'));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
});

// How long they take is a measure of scripts/bench (days_ms).
test('ten thousand days pass, with something to do on each', () => {
  const init = `local ticks = storage.table("tick", { fields = { at = "instant!" } })
    flow.define("tick", {}, function(run) ticks:insert { at = run:now() } end)
    flow.define("sleeper", {}, function(run)
      for i = 1, 10000 do
        run:sleep("1d")
        if i % 100 == 0 then run:checkpoint { i = i } end
      end
    end)
    schedule.cron("daily", "0 7 * * *", { flow = "tick" })`;
  const t = one(spec(`it("passes", function(t)
      t:start("sleeper", {})
      t:advance("10000 days")
      t:equal(storage.sql("select count(*) as n from tick")[1].n, 10000)
    end)`, init, '--fast'));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
});

const ANSWERS = `
local rounds = storage.table("round", { fields = { name = "text!" } })
route.get("/rounds/{id}", { params = { id = "integer" }, query = { full = "boolean" }, access = "public" }, function(req)
  return { json = { id = req.params.id, full = req.query.full, user = req.user and req.user.code } }
end)
route.post("/rounds", { input = { name = "text!" } }, function(req)
  return { status = 201, json = { id = rounds:insert(req.json) ~= nil, by = req.user.code }, headers = { Location = "/x/probe/rounds/1" } }
end)
route.put("/rounds", function(req) return { text = req.json.name, type = "text/csv" } end)
route.delete("/rounds", function() rounds:insert { name = "x" } error("no") end)
command.define("count", { args = { least = "integer" } }, function(args) return { n = rounds:count(), least = args.least } end)
command.define("add", { writes = true }, function() rounds:insert { name = "by command" } end)`;

test('routes and commands are asked as who acts, kills and faults among it', () => {
  const t = one(json(plugin({ 'init.lua': ANSWERS, 'spec/probe_spec.lua': `${ORG}describe("probe", function()
    it("answers", function(t)
      t:org(org)
      t:equal(t:get("/rounds/7", { full = true }).json, { id = 7, full = true })
      t:equal(t:as("lan"):get("/x/probe/rounds/7").json.user, "lan")
      t:expect_error("http.no_token", function() t:post("/rounds", { name = "A" }) end)
      local made = t:as("lan"):post("/rounds", { name = "A" })
      t:equal({ made.status, made.json.by, made.headers.location }, { 201, "lan", "/x/probe/rounds/1" })
      t:expect_error("invalid.required", function() t:as("lan"):post("/rounds", {}) end)
      local put = t:as("lan"):put("/rounds", { name = "B" })
      t:equal({ put.body, put.type }, { "B", "text/csv; charset=utf-8" })
      t:expect_error("lua.error", function() t:as("lan"):delete("/rounds") end)
      t:equal(t:command("count", { least = 3 }), { n = 1, least = 3 })
      t:command("add")
      t:equal(t:command("count").n, 2)
    end)
  end)` }, '"route", "command", "storage", "people"')));
  assert.equal(t.outcome, 'passed', JSON.stringify(t));
  assert.ok(t.kills > 0 && t.faults > 0, JSON.stringify(t));
});

test('a spec hands in files: they are what people hand in, in each pass', () => {
  const init = `local papers = storage.table("paper", { fields = { name = "text!", scan = "file!" } })
flow.define("keep", { input = { scan = "file!" } }, function(run, input)
  local answer = run:ask { to = people.person("hoa"), title = "Another?", form = { decision = "choice:approve,return!", scan = "file!" } }
  papers:insert { name = input.scan.name, scan = input.scan }
  return papers:insert { name = answer.scan.name, scan = answer.scan }
end)`;
  const result = one(spec(`it("keeps", function(t)
    t:org(org)
    local file, other = t:as("lan"):file("plan.txt", "one"), t:as("hoa"):file("other.txt", "two")
    t:equal({ file.name, file.size, file.type }, { "plan.txt", 3, "text/plain; charset=utf-8" })
    t:expect_error("invalid.file", function() t:as("hoa"):start("keep", { scan = file.id }) end)
    local run = t:as("lan"):start("keep", { scan = file.id })
    t:expect_task(run):decide("hoa", { decision = "approve", scan = other })
    t:equal(flow.get(run).state, "completed")
  end)`, init));
  assert.equal(result.outcome ?? result.state, 'passed', JSON.stringify(result));
  assert.ok(result.kills > 0 && result.faults > 0, JSON.stringify(result));
});
