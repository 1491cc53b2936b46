// The process of the service: shut in before the first plugin is loaded, on every thread, and still able to do its work.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, TOP, Service, folder, plugin, serve, write } from '../lib/khung.mjs';

const SOURCE = `
flow.define("fetch", { title = "Fetch", input = { url = "text!" } }, function(run, input)
  return { text = run:fetch{ url = input.url }.body }
end)
flow.define("greet", { title = "Greet" }, function(run) return { text = config.greeting } end)
`;
const needs = '{ "flow", "storage", "content", "people", "fetch:localhost" }';

// Of every thread: { name: value } of /proc/PID/task/TID/status.
const threads = (pid) => readdirSync(`/proc/${pid}/task`).map((tid) =>
  Object.fromEntries(readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8').split('\n').map((l) => l.split(/:\s+/))));
const kernelHas = (s) => /confine\.on seccomp=yes landlock=\d/.test(s.log);
const parts = async (s) => {
  const out = (await s.cli('doctor')).out;
  return Object.fromEntries(out.split('\n').map((l) => [l.slice(6, 18).trim(), l.slice(0, 4).trim()]));
};

describe('a confined service', () => {
  let s, web;
  before(async () => {
    const dir = folder();
    plugin(dir, 'p', SOURCE, { needs, config: '{ greeting = "text" }' });
    write(join(dir, 'etc/settings.json'), '{"p":{"greeting":"one"}}');
    web = http.createServer((req, res) => res.end('from outside')).listen(0, '127.0.0.1');
    await new Promise((done) => web.on('listening', done));
    s = await serve({ dir, config: { settings: join(dir, 'etc/settings.json'), fetch_private: 'localhost' } });
  });
  after(async () => {
    web.close();
    await s.stop();
  });

  it('has the filter and no new privileges on every thread, and writes no core', async (t) => {
    if (!kernelHas(s)) return t.skip('this kernel has no Landlock or no seccomp');
    const all = threads(s.child.pid);
    assert.ok(all.length >= 3, `${all.length} threads`);
    for (const one of all) assert.deepEqual([one.Name, one.Seccomp, one.NoNewPrivs], [one.Name, '2', '1']);
    assert.match(readFileSync(`/proc/${s.child.pid}/limits`, 'utf8'), /Max core file size\s+0\s+0/);
    assert.equal(statSync(join(s.data, 'khung.db')).mode & 0o077, 0);
  });

  it('tells the doctor so', async (t) => {
    if (!kernelHas(s)) return t.skip('this kernel has no Landlock or no seccomp');
    const p = await parts(s);
    for (const name of ['privileges', 'seccomp', 'landlock', 'dumps', 'names']) assert.equal(p[name], 'ok', name);
    assert.equal(p.user, process.getuid() === 0 ? 'LOOK' : 'ok');
  });

  it('fetches by name: the library and name resolution are opened afterwards', async () => {
    const id = await s.startFlow('p.fetch', { url: `http://localhost:${web.address().port}/` });
    assert.equal((await s.until(id, ['completed', 'failed', 'blocked'], 20000)).result?.text, 'from outside');
  });

  it('reads settings that an editor has put in the place of the old ones', async () => {
    const file = join(s.dir, 'etc/settings.json');
    write(`${file}.new`, '{"p":{"greeting":"two"}}');
    renameSync(`${file}.new`, file);
    await s.must('plugin', 'reload');
    const id = await s.startFlow('p.greet');
    assert.equal((await s.until(id, ['completed', 'failed'])).result?.text, 'two');
  });

  it('serves on after all that', async () => {
    assert.equal((await s.request('GET', '/health')).status, 200);
    assert.equal(s.gone, null);
  });
});

describe('what can be set', () => {
  it('off: nothing is in force, and the log and the doctor say so', async () => {
    const s = await serve({ config: { confine: 'off' } });
    assert.match(s.log, /confine\.off/);
    for (const one of threads(s.child.pid)) assert.equal(one.Seccomp, '0');
    assert.equal((await parts(s)).seccomp, 'LOOK');
    await s.stop();
  });

  it('on: starts with all locks or not at all', async () => {
    const s = new Service(folder(), { config: { confine: 'on' } });
    const failed = await s.start().then(() => null, (e) => e);
    if (failed) assert.match(s.log, /confine\.missing|confine = on/);
    else assert.ok(kernelHas(s), s.log);
    await s.stop();
  });

  it('a user: the service is that user on every thread and owns what it writes', async (t) => {
    if (process.getuid() !== 0) return t.skip('only root can become somebody else');
    const dir = folder();
    chmodSync(dir, 0o755);
    plugin(dir, 'p', SOURCE, { needs });
    const s = await serve({ dir, config: { user: 'nobody' } });
    const nobody = statSync(s.data).uid;
    assert.notEqual(nobody, 0);
    for (const one of threads(s.child.pid)) {
      assert.equal(one.Uid, Array(4).fill(nobody).join('\t'));
      assert.equal(one.CapEff, '0000000000000000');
    }
    assert.equal(statSync(join(s.data, 'khung.db')).uid, nobody);
    assert.equal((await parts(s)).user, 'ok');
    const id = await s.startFlow('p.greet');
    await s.until(id, 'completed');
    await s.stop();
    // A command of root's without a service leaves nothing there that the service could not open.
    rmSync(join(s.data, 'lock'));
    await s.must('user', 'add', 'lan');
    for (const f of readdirSync(s.data)) assert.equal(statSync(join(s.data, f)).uid, nobody, f);
    await s.start();
    assert.equal((await s.flow(id)).state, 'completed');
    await s.stop();
  });

  it('a user whose data directory is not its own: the service does not start and says what to do', async (t) => {
    if (process.getuid() !== 0) return t.skip('only root can become somebody else');
    const s = await serve();
    await s.stop();
    s.config = { user: 'nobody' };
    const failed = await s.start().then(() => null, (e) => e);
    assert.equal(failed?.code, 1);
    assert.match(s.log, /chown -R nobody/);
  });
});

describe('the unit file for systemd', () => {
  it('is valid and leaves little open', (t) => {
    const dir = folder(), file = join(dir, 'khung.service');
    write(file, readFileSync(join(TOP, 'scripts/khung.service'), 'utf8').replaceAll('/usr/local/bin/khung', KHUNG));
    try {
      execFileSync('systemd-analyze', ['--version']);
    } catch {
      return t.skip('there is no systemd-analyze');
    }
    execFileSync('systemd-analyze', ['verify', file], { stdio: 'pipe' });
    execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', file], { stdio: 'pipe' });
  });
});
