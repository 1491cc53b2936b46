// The life of the service: many connections, one process for a data directory, an orderly end, plugins that come later.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Service, folder, pause, plugin, serve, write } from '../lib/khung.mjs';

const HOLD = fileURLToPath(new URL('../lib/hold.mjs', import.meta.url));
const CONNECTIONS = Number(process.env.CONNECTIONS ?? 10000);
const SOURCE = `
local rows = storage.table("row", { fields = { run = "integer!" } })
flow.define("quick", { title = "Quick" }, function(run, input)
  rows:insert { run = run.id }
  return { ok = true }
end)
`;

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
const hardFiles = () => Number(/Max open files\s+\S+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1e6);

// A child that holds n connections; resolves with how many it got.
function hold(port, n) {
  const child = fork(HOLD, [String(port), String(n)]);
  return new Promise((done) => {
    child.once('message', (got) => done({ child, got }));
    child.once('exit', () => done({ child, got: 0 }));
  });
}

describe('many connections', () => {
  let s;
  before(async () => {
    const dir = folder();
    plugin(dir, 'p', SOURCE);
    s = await serve({ dir, config: { http_idle_ms: 120000 } });
    await s.admin();
  });
  after(() => s.stop());

  it(`${CONNECTIONS} are held while others are served, and memory stays bounded`, { timeout: 120000 }, async (t) => {
    if (hardFiles() < CONNECTIONS + 200) return t.skip(`the hard limit of open files is ${hardFiles()}`);
    for (let i = 0; i < 50; i++) await s.request('GET', '/health');
    const empty = rss(s.child.pid), holders = [];
    for (let left = CONNECTIONS; left > 0; left -= 2500) holders.push(await hold(s.port, Math.min(2500, left)));
    try {
      assert.equal(holders.reduce((sum, h) => sum + h.got, 0), CONNECTIONS);
      const each = (rss(s.child.pid) - empty) / CONNECTIONS;
      assert.ok(each < 8192, `${Math.round(each)} bytes a connection`);
      let slowest = 0;
      for (let i = 0; i < 100; i++) {
        const began = Date.now();
        const r = i % 2 ? await s.request('GET', '/health') : await s.request('POST', '/api/runs', { flow: 'p.quick', input: {}, id: `held-${i}` });
        assert.equal(r.status, i % 2 ? 200 : 201, r.text);
        slowest = Math.max(slowest, Date.now() - began);
      }
      assert.ok(slowest < 1000, `the slowest of 100 took ${slowest} ms`);
      t.diagnostic(`${Math.round(each)} bytes a connection, slowest request ${slowest} ms, RSS ${Math.round(rss(s.child.pid) / 1048576)} MB`);
    } finally {
      for (const h of holders) h.child.kill();
    }
    await pause(300);
    assert.equal((await s.request('GET', '/health')).status, 200);
  });

  it('those over the limit are turned away, and the rest are served again', async () => {
    const dir = folder();
    const few = await serve({ dir, config: { http_connections: 20 } });
    const holder = await hold(few.port, 40);
    await pause(100);
    holder.child.kill();
    for (let i = 0; ; i++) {
      const r = await few.request('GET', '/health').catch(() => null);
      if (r?.status === 200) break;
      assert.ok(i < 50, 'nobody is served any more');
      await pause(50);
    }
    await few.stop();
  });
});

describe('the process', () => {
  it('refuses a data directory that another one has, and names it', async () => {
    const dir = folder(), s = await serve({ dir }), second = new Service(dir);
    const failed = await second.start().then(() => null, (e) => e);
    assert.ok(failed, 'a second process started');
    assert.equal(failed.code, 1);
    assert.ok(second.log.includes(String(s.child.pid)), second.log);
    assert.equal((await s.request('GET', '/health')).status, 200);
    await s.stop();
    await s.start();
    assert.equal((await s.stop()).code, 0);
  });

  it('takes a directory over whose owner was killed', async () => {
    const s = await serve();
    await s.kill();
    await s.start();
    assert.equal((await s.stop()).code, 0);
  });

  it('ends a wrong setting with exit 2 and the file and line', async () => {
    const s = new Service(folder(), { config: { http_header_ms: 'soon' } });
    const failed = await s.start().then(() => null, (e) => e);
    assert.equal(failed?.code, 2);
    assert.match(s.log, /test\.conf:1/);
  });

  it('finishes what it accepted when it is asked to end, and exits with 0', async () => {
    const dir = folder();
    plugin(dir, 'p', SOURCE);
    const s = await serve({ dir });
    await s.admin();
    let answered, first = new Promise((done) => { answered = done; });
    const asked = Array.from({ length: 200 }, (_, i) =>
      s.request('POST', '/api/runs', { flow: 'p.quick', input: {}, id: `end-${i}` })
        .then((r) => { answered(); return [i, r.status]; }, () => [i, 0]));
    await first; // in the midst of them
    const how = await s.stop();
    const answers = await Promise.all(asked);
    assert.deepEqual(how, { code: 0, signal: null });
    await s.start();
    const runs = new Map((await s.must('flow', 'list', '--limit', 1000)).map((r) => [r.business_id, r]));
    const accepted = answers.filter(([, status]) => status === 201);
    assert.ok(accepted.length > 0, 'nothing was accepted before the end');
    for (const [i] of accepted) assert.equal(runs.get(`end-${i}`)?.state, 'completed');
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('loads a plugin that was put into the folder, on SIGHUP', async () => {
    const s = await serve();
    assert.deepEqual((await s.must('plugin', 'list')), []);
    plugin(s.dir, 'late', SOURCE);
    s.child.kill('SIGHUP');
    for (let i = 0; ; i++) {
      const list = await s.must('plugin', 'list');
      if (list.length === 1 && list[0].state === 'active') break;
      assert.ok(i < 100, JSON.stringify(list));
      await pause(30);
    }
    const id = await s.startFlow('late.quick');
    assert.equal((await s.until(id, 'completed')).result.ok, true);
    await s.stop();
  });

  it('says where a plugin is broken, and its runs go on with the source they began with', async () => {
    const dir = folder();
    plugin(dir, 'p', `${SOURCE}
flow.define("parked", { title = "Parked" }, function(run) return { got = run:wait("go").n } end)`);
    const s = await serve({ dir });
    const id = await s.startFlow('p.parked');
    plugin(dir, 'p', 'this is no Lua');
    await s.cli('plugin', 'reload');
    const list = await s.must('plugin', 'list');
    assert.ok(JSON.stringify(list).includes('init.lua:1'), JSON.stringify(list));
    await s.restart();
    await s.must('flow', 'signal', id, 'go', '--input', '{"n":3}');
    assert.equal((await s.until(id, ['completed', 'failed', 'blocked'])).result?.got, 3);
    await s.stop();
  });

  it('stands though its settings cannot be read, leaves due runs alone, and goes on with them once they are mended', async () => {
    const dir = folder(), settings = join(dir, 'settings.json');
    write(settings, '{}');
    plugin(dir, 'p', `${SOURCE}
flow.define("nap", { title = "Nap" }, function(run) run:sleep("1h") return "awake" end)`);
    const s = await serve({ dir, config: { settings } });
    const id = await s.startFlow('p.nap');
    await s.kill();
    write(settings, '{ this is no JSON');
    await s.later(2);
    await pause(200);
    assert.equal((await s.request('GET', '/health')).status, 200);
    assert.match(s.log, /settings\.json/);
    assert.equal((await s.flow(id)).state, 'running');
    write(settings, '{}');
    s.child.kill('SIGHUP');
    assert.equal((await s.until(id, ['completed', 'failed', 'blocked'])).result, 'awake');
    await s.stop();
  });
});
