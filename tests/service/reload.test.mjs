// Exchanging plugins in a running service: nothing fails, nothing is lost, the bad stays out; who wants more waits for the admin.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { around, killedOn } from '../lib/crash.mjs';
import { Service, folder, pause, plugin, serve, write } from '../lib/khung.mjs';

const RELOADS = Number(process.env.RELOADS ?? 100);
const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

class Dev extends Service {
  args() {
    return [...super.args(), '--dev'];
  }
}

// Version n has a column c<n>, which its flow writes and its report reads: who sees a new version with old tables fails.
const version = (n) => {
  const columns = Array.from({ length: Math.min(n, 15) + 1 }, (_, i) => `c${i} = "integer"`).join(', ');
  const c = `c${Math.min(n, 15)}`;
  return `
local rows = storage.table("row", { fields = { ${columns} } })
flow.define("quick", { title = "Quick" }, function(run, input)
  rows:insert { ${c} = run.id }
  run:sleep("30ms")
  return { n = ${n} }
end)
report.define("newest", { title = "Newest", access = { verb = "flow.read" }, columns = { {"c", "integer"} } }, function(p, out)
  for _, r in ipairs(rows:find({}, { limit = 5 })) do out:row { r.${c} or 0 } end
  for _, r in ipairs(storage.sql("select ${c} as c from row limit 5")) do out:row { r.c or 0 } end
end)
`;
};

const NEEDS = { needs: '{ "flow", "storage", "report" }' };
const state = async (s, name) => (await s.must('plugin', 'list')).filter((p) => p.name === name).map((p) => p.state).sort();

describe('reload under load', () => {
  it(`${RELOADS} times: no request fails, every run ends, no connection is dropped, memory stays`, { timeout: 120000 }, async (t) => {
    const dir = folder();
    plugin(dir, 'p', version(0), NEEDS);
    plugin(dir, 'steady', 'loop.every("20ms", function() storage.kv.add("ticks", 1) end)\n'
      + 'flow.define("ticks", { title = "T" }, function() return { n = storage.kv.get("ticks") } end)', NEEDS);
    const s = await serve({ dir });
    await s.admin();
    const agents = Array.from({ length: 6 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    const sockets = new Set(), ids = [];
    let going = true, requests = 0;
    const client = async (agent, k) => {
      for (let i = 0; going; i++) {
        const r = i % 3 ? await s.request('GET', '/api/reports/newest', undefined, {}, agent)
          : await s.request('POST', '/api/runs', { flow: 'p.quick', input: {}, id: `r${k}-${i}` }, {}, agent);
        assert.ok(r.status === 200 || r.status === 201, `${r.status} ${r.text}`);
        if (r.status === 201) ids.push(r.json.id);
        for (const list of Object.values(agent.freeSockets)) for (const socket of list) sockets.add(socket);
        requests++;
      }
    };
    const clients = agents.map(client);
    let early = 0, slowest = 0;
    for (let n = 1; n <= RELOADS; n++) {
      plugin(dir, 'p', version(n), NEEDS);
      const began = performance.now();
      await s.must('plugin', 'reload', 'p');
      slowest = Math.max(slowest, performance.now() - began);
      if (n === Math.ceil(RELOADS / 4)) early = rss(s.child.pid);
    }
    const late = rss(s.child.pid);
    going = false;
    await Promise.all(clients);
    for (const a of agents) a.destroy();
    assert.equal(sockets.size, agents.length, 'a connection was dropped');
    for (const id of ids.slice(-50)) await s.until(id, 'completed');
    const open = await s.must('flow', 'list', '--state', 'running');
    assert.deepEqual(open, []);
    assert.ok(requests > RELOADS && ids.length > RELOADS / 2, `${requests} requests`);
    assert.ok(late - early < 6 << 20, `${early} → ${late}`);
    assert.equal((await s.until(await s.startFlow('p.quick'), 'completed')).result.n, RELOADS);
    const ticks = (await s.until(await s.startFlow('steady.ticks'), 'completed')).result.n;
    await pause(100);
    assert.ok((await s.until(await s.startFlow('steady.ticks'), 'completed')).result.n > ticks);
    assert.deepEqual(await s.must('verify'), []);
    t.diagnostic(`${requests} requests, ${ids.length} runs, slowest reload ${slowest.toFixed(0)} ms with the command, RSS ${early >> 10} → ${late >> 10} KiB`);
    await s.stop();
  });

  it('what the old version registered is gone: reports, schedule, flows, hooks', async () => {
    const dir = folder(), needs = { needs: '{ "flow", "content", "report", "schedule" }' };
    const rest = `content.type("note", { fields = { title = "text!" }, title = "title" })
flow.define("send", { title = "S" }, function() return { state = content.submit(content.create("note", { title = "a" })).state } end)
`;
    plugin(dir, 'p', `${rest}report.define("old", { columns = { { "n", "integer" } } }, function() end)
flow.define("old", { title = "O" }, function() end)
schedule.cron("old", "0 7 * * *", { flow = "old" })
on("content.before_submit", function() error { code = "p.no", message = "not now" } end)
`, needs);
    const s = await serve({ dir });
    const names = async (...words) => (await s.must(...words)).map((r) => r.name);
    assert.ok((await names('report', 'list')).includes('old') && (await names('schedule', 'list')).includes('old'));
    assert.match(JSON.stringify(await s.until(await s.startFlow('p.send'), ['failed', 'running'])), /not now/);
    plugin(dir, 'p', rest, needs);
    await s.must('plugin', 'reload', 'p');
    assert.ok(!(await names('report', 'list')).includes('old'), 'the report');
    const planned = (await s.must('schedule', 'list')).find((r) => r.name === 'old');
    assert.deepEqual([planned.state, planned.next], ['absent', undefined], 'the schedule is shown, and nothing comes of it');
    assert.equal((await s.cli('flow', 'start', 'p.old')).code, 1, 'the flow');
    assert.equal((await s.until(await s.startFlow('p.send'), 'completed')).result.state, 'in_review', 'the hook');
    await s.stop();
  });

  it('a new version whose tables would lose data leaves the old one serving, and says so', async () => {
    const dir = folder();
    plugin(dir, 'p', version(3), NEEDS);
    const s = await serve({ dir });
    await s.until(await s.startFlow('p.quick'), 'completed');
    plugin(dir, 'p', version(0).replace('c0 = "integer"', 'c0 = "text"').replace('return { n = 0 }', 'return { n = "bad" }'), NEEDS);
    assert.equal((await s.cli('plugin', 'reload')).code, 1);
    assert.deepEqual(await state(s, 'p'), ['active', 'failed']);
    assert.match(JSON.stringify(await s.must('plugin', 'list')), /the type of c0 .*init\.lua:2/);
    assert.equal((await s.until(await s.startFlow('p.quick'), 'completed')).result.n, 3);
    await s.restart(); // the folder is still bad: what served last serves
    assert.deepEqual(await state(s, 'p'), ['active', 'failed']);
    assert.equal((await s.until(await s.startFlow('p.quick'), 'completed')).result.n, 3);
    plugin(dir, 'p', version(4), NEEDS);
    await s.must('plugin', 'reload', 'p');
    assert.deepEqual(await state(s, 'p'), ['active']);
    assert.equal((await s.until(await s.startFlow('p.quick'), 'completed')).result.n, 4);
    assert.match((await s.cli('plugin', 'reload', 'nobody', '--lang', 'en')).err, /no plugin nobody/);
    await s.stop();
  });
});

describe('serve --dev', () => {
  it('takes what is saved: source, texts, settings, new folders; a mistake is in the log with its line', async () => {
    const dir = folder(), settings = join(dir, 'settings.json');
    const source = (word) => `local sub = require("p.sub.m")
flow.define("say", { title = "Say" }, function()
  return { word = ${word}, text = t"hello", days = config.days, sub = sub }
end)`;
    const manifest = { needs: '{ "flow" }', config: '{ days = { "integer", default = 2 } }' };
    write(settings, '{}');
    write(join(dir, 'plugins/p/locale/en.lua'), 'return { hello = "Hello" }');
    write(join(dir, 'plugins/p/sub/m.lua'), 'return 1');
    plugin(dir, 'p', source('"one"'), manifest);
    const s = new Dev(dir, { config: { settings, lang: 'en' } });
    await s.start();
    const says = async () => (await s.until(await s.startFlow('p.say'), 'completed')).result;
    assert.deepEqual(await says(), { word: 'one', text: 'Hello', days: 2, sub: 1 });
    plugin(dir, 'p', source('"two"'), manifest);
    await s.until1('source', async () => (await says()).word === 'two');
    write(join(dir, 'plugins/p/locale/en.lua'), 'return { hello = "Good day" }');
    await s.until1('texts', async () => (await says()).text === 'Good day');
    write(`${settings}.new`, '{ "p": { "days": 9 } }');
    renameSync(`${settings}.new`, settings); // as editors do
    await s.until1('settings', async () => (await says()).days === 9);
    write(join(dir, 'plugins/p/sub/m.lua'), 'return 2');
    await s.until1('a module in a folder', async () => (await says()).sub === 2);
    plugin(dir, 'p', `\n\nthis is no Lua`, manifest);
    await s.until1('a mistake', () => /plugin\.failed.*p\/init\.lua:3/.test(s.log));
    assert.equal((await says()).word, 'two');
    plugin(dir, 'late', 'flow.define("x", { title = "X" }, function() return { ok = true } end)', manifest);
    await s.until1('a new plugin', async () => (await state(s, 'late'))[0] === 'active');
    plugin(dir, 'late', 'flow.define("x", { title = "X" }, function() return { ok = "again" } end)', manifest);
    await s.until1('its change', async () => (await s.until(await s.startFlow('late.x'), 'completed')).result.ok === 'again');
    await s.stop();
  });
});

describe('grants', () => {
  const flow = (word) => `flow.define("say", { title = "Say" }, function() return { word = "${word}" } end)`;
  const says = async (s) => (await s.until(await s.startFlow('p.say'), 'completed')).result.word;
  const FEW = { needs: '{ "flow" }' }, MORE = { needs: '{ "flow", "fetch:example.org" }', version: '"1.1.0"' };

  it('a version that wants more waits while the old one serves, over restarts, until it is granted by its hash', async () => {
    const dir = folder();
    plugin(dir, 'p', flow('one'), FEW);
    const s = await serve({ dir });
    assert.match(s.log, /plugin\.granted plugin=p .*flow.* how=first/);
    plugin(dir, 'p', flow('two'), FEW); // no more than before: it goes on by itself
    await s.must('plugin', 'reload');
    assert.equal(await says(s), 'two');
    plugin(dir, 'p', flow('three'), MORE);
    await s.cli('plugin', 'reload');
    assert.deepEqual(await state(s, 'p'), ['active', 'waiting']);
    await s.restart();
    assert.deepEqual(await state(s, 'p'), ['active', 'waiting']);
    assert.equal(await says(s), 'two');
    const shown = await s.must('plugin', 'grant', 'p');
    assert.deepEqual(shown.wants, ['fetch:example.org']);
    assert.match(shown.diff, /-.*"two".*\n\+.*"three"/);
    assert.equal(await says(s), 'two', 'looking grants nothing');
    const wrong = await s.cli('plugin', 'grant', 'p', '--yes', '0123456789abcdef', '--lang', 'en');
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /not the version any more/);
    plugin(dir, 'p', flow('four'), MORE); // changed after it was looked at
    assert.equal((await s.cli('plugin', 'grant', 'p', '--yes', shown.hash)).code, 1);
    assert.equal(await says(s), 'two');
    await s.cli('plugin', 'reload');
    assert.equal((await s.cli('plugin', 'grant', 'p', '--yes', shown.hash)).code, 1);
    const four = await s.must('plugin', 'grant', 'p');
    await s.must('plugin', 'grant', 'p', '--yes', four.hash);
    assert.equal(await says(s), 'four');
    assert.deepEqual(await state(s, 'p'), ['active']);
    await s.restart();
    assert.equal(await says(s), 'four');
    assert.equal((await s.cli('plugin', 'grant', 'p')).code, 1);
    await s.stop();
  });

  it('is the same through REST, for an admin', async () => {
    const dir = folder();
    plugin(dir, 'p', flow('one'), FEW);
    const s = await serve({ dir });
    plugin(dir, 'p', flow('two'), MORE);
    assert.equal((await s.request('POST', '/api/plugins/p/reload', {})).status, 401);
    await s.admin();
    assert.equal((await s.request('POST', '/api/plugins/p/reload', {})).status, 204);
    const shown = await s.request('POST', '/api/plugins/p/grant', {});
    assert.deepEqual(shown.json.wants, ['fetch:example.org']);
    assert.equal((await s.request('POST', '/api/plugins/p/grant', { yes: 'ffffffffffff' })).status, 409);
    const given = await s.request('POST', '/api/plugins/p/grant', { yes: shown.json.hash });
    assert.ok(given.status < 300, given.text);
    assert.equal(await says(s), 'two');
    assert.deepEqual((await s.request('POST', '/api/plugins/p/migrate', { dry_run: true })).json, []);
    await s.stop();
  });

  it('with grants = ask the first version waits too, also for a command without a service', async () => {
    const dir = folder();
    plugin(dir, 'p', flow('one'), FEW);
    plugin(dir, 'bare', 'local x = 1', { needs: '{}' });
    const s = await serve({ dir, config: { grants: 'ask' } });
    assert.deepEqual(await state(s, 'p'), ['waiting']);
    assert.deepEqual(await state(s, 'bare'), ['active']);
    await s.stop();
    assert.equal((await s.cli('--plugins', join(dir, 'plugins'), 'flow', 'start', 'p.say')).code, 1);
    await s.start();
    const shown = await s.must('plugin', 'grant', 'p');
    assert.deepEqual(shown.wants, ['flow']);
    await s.must('plugin', 'grant', 'p', '--yes', shown.hash);
    assert.equal(await says(s), 'one');
    await s.stop();
  });

  it('a module of another plugin runs with no more than its requirer was granted', async () => {
    const dir = folder();
    const lib = (body) => plugin(dir, 'lib', 'local x = 1', { needs: '{}' }) ?? write(join(dir, 'plugins/lib/m.lua'), body);
    lib('return { f = function() return "one" end }');
    plugin(dir, 'p', 'local m = require("lib.m")\nflow.define("say", { title = "S" }, function() return { word = m.f() } end)',
      { needs: '{ "flow" }', requires: '{ lib = ">=1.0" }' });
    const s = await serve({ dir });
    assert.equal(await says(s), 'one');
    lib('return { f = function() storage.kv.set("k", 1) return "two" end }');
    await s.must('plugin', 'reload', 'lib');
    const id = await s.startFlow('p.say');
    await s.until1('it is refused', async () => /storage/.test(JSON.stringify(await s.flow(id))));
    lib('return { f = function() return "three" end }');
    await s.must('plugin', 'reload', 'lib');
    assert.equal(await says(s), 'three');
    await s.stop();
  });

  for (const [way, wanted] of around('plugin.granted'))
    it(`killed at ${way}: the grant is whole or not there`, async () => {
      const dir = folder();
      plugin(dir, 'p', flow('one'), FEW);
      const s = await serve({ dir });
      plugin(dir, 'p', flow('two'), MORE);
      await s.must('plugin', 'reload', 'p');
      const { hash } = (await s.must('plugin', 'list')).find((p) => p.state === 'waiting');
      const answer = await killedOn(s, way, () => s.cli('plugin', 'grant', 'p', '--yes', hash));
      assert.notEqual(answer.code, 0, 'not acknowledged');
      assert.deepEqual(await state(s, 'p'), wanted ? ['active'] : ['active', 'waiting']);
      assert.equal(await says(s), wanted ? 'two' : 'one');
      if (!wanted) await s.must('plugin', 'grant', 'p', '--yes', hash);
      await s.kill();
      await s.start();
      assert.deepEqual([await state(s, 'p'), await says(s)], [['active'], 'two'], 'acknowledged, and there');
      await s.stop();
    });
});
