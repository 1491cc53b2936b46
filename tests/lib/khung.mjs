// Starts the service on a data directory of its own and speaks to it, for the tests of tests/service, crash and rules.
import { spawn, execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import http from 'node:http';
import net from 'node:net';
import { after } from 'node:test';

export const TOP = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const KHUNG = resolve(process.env.KHUNG ?? join(TOP, 'build/release/khung'));

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The date `n` days from now where the service counts its days: in Asia/Ho_Chi_Minh, not in UTC.
export const day = (n = 0) => new Date(Date.now() + 7 * 3600000 + n * 86400000).toISOString().slice(0, 10);

// What SQL says to the database of a service that may be running: it waits while that writes.
export const sqlite = (data, text, ...options) =>
  execFileSync('sqlite3', [...options, '-cmd', '.timeout 5000', join(data, 'khung.db'), text], { encoding: 'utf8', maxBuffer: 1 << 28 }).trim();

// A temporary folder with `data` and `plugins`, gone when the test file ends.
const folders = [];
const services = new Set();
process.on('exit', () => {
  for (const s of services) s.child.kill('SIGKILL');
  if (!process.env.KEEP) for (const f of folders) rmSync(f, { recursive: true, force: true });
});

// A service that a failed test left behind would keep the tests from ending.
after(() => {
  for (const s of services) s.child.kill('SIGKILL');
});

export function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'khung-test-'));
  folders.push(dir);
  mkdirSync(join(dir, 'plugins'));
  return dir;
}

export function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

// Writes a plugin of one module; `manifest` replaces keys of the usual one.
export function plugin(dir, name, source, manifest = {}) {
  const m = { version: '"1.0.0"', api: '1', needs: '{ "flow", "storage", "content", "people" }', ...manifest };
  const keys = Object.entries(m).map(([k, v]) => `  ${k} = ${v},\n`).join('');
  write(join(dir, 'plugins', name, 'plugin.lua'), `return {\n  name = "${name}",\n${keys}}\n`);
  write(join(dir, 'plugins', name, 'init.lua'), source);
}

export class Service {
  constructor(dir, { plugins = join(dir, 'plugins'), config = {}, env = {} } = {}) {
    // Tests send more than people do: limits of rate are for those that look at them.
    Object.assign(this, { dir, data: join(dir, 'data'), plugins, config: { ...config, rate_user: config.rate_user ?? 0, rate_address: config.rate_address ?? 0 }, env, log: '' });
  }

  args() {
    const file = join(this.dir, 'test.conf');
    writeFileSync(file, Object.entries(this.config).map(([k, v]) => `${k} = ${v}\n`).join(''));
    return ['serve', '--data', this.data, '--plugins', this.plugins, '--listen', '127.0.0.1:0', '--config', file];
  }

  // Resolves when the service listens; rejects when it ends before (the log is in the message).
  start(env = {}) {
    this.log = '';
    this.port = 0;
    const child = spawn(KHUNG, this.args(), { env: { ...process.env, ...this.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    services.add(this);
    this.ended = new Promise((done) => child.on('close', (code, signal) => {
      services.delete(this);
      this.gone = { code, signal };
      done(this.gone);
    }));
    this.gone = null;
    return new Promise((ready, failed) => {
      const look = () => {
        const m = /service\.ready.*?port"?[=:]"?(\d+)/.exec(this.log);
        if (m && !this.port) {
          this.port = Number(m[1]);
          ready(this);
        }
      };
      child.stderr.setEncoding('utf8');
      child.stderr.on('data', (text) => {
        this.log += text;
        look();
      });
      child.on('error', failed);
      this.ended.then((how) => failed(Object.assign(new Error(`ended before it was ready: ${JSON.stringify(how)} ${this.log}`), how)));
      setTimeout(() => failed(new Error(`not ready after 30 s: ${this.log}`)), 30000).unref();
    });
  }

  async stop(signal = 'SIGTERM') {
    if (this.gone) return this.gone;
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), 20000);
    const how = await this.ended;
    clearTimeout(late);
    return how;
  }

  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  async restart(env = {}) {
    await this.stop();
    return this.start(env);
  }

  // Its own time, which `later` sets ahead: the service is started anew, and whatever falls due in between is due.
  now() {
    return Date.now() + (this.config.clock_offset ?? 0);
  }

  later(hours) {
    this.config.clock_offset = (this.config.clock_offset ?? 0) + hours * 3600000;
    return this.restart();
  }

  // The command line: { code, out, err, json }.
  cli(...words) {
    return new Promise((done) => {
      execFile(KHUNG, ['--data', this.data, '--json', ...words.map(String)], { timeout: 30000, maxBuffer: 1 << 26 },
        (error, out, err) => {
          let json;
          try {
            json = JSON.parse(out);
          } catch { /* no JSON was printed */ }
          done({ code: error ? error.code ?? -1 : 0, out, err, json });
        });
    });
  }

  // What people see of it: { code, out, err }.
  both(...words) {
    return new Promise((done) => {
      execFile(KHUNG, ['--data', this.data, ...words.map(String)], { timeout: 30000, maxBuffer: 1 << 26 },
        (error, out, err) => done({ code: error ? error.code ?? -1 : 0, out, err }));
    });
  }

  async text(...words) {
    return (await this.both(...words)).out;
  }

  // The same, which must not fail; its JSON.
  async must(...words) {
    const r = await this.cli(...words);
    if (r.code !== 0) throw new Error(`khung ${words.join(' ')}: exit ${r.code}\n${r.err}${r.out}`);
    return r.json;
  }

  // A user of the example office with the roles that policy asks for; the bearer token.
  async admin(name = 'boss') {
    const org = join(this.dir, 'org.json');
    if (!existsSync(org))
      writeFileSync(org, JSON.stringify({
        units: [{ code: 'office', name: 'Office', kind: 'office', from: '2020-01-01' }],
        positions: [{ code: 'head', title: 'Head', roles: ['all'] }, { code: 'none', title: 'Guest', roles: [] }],
        persons: [{ code: name, name: 'Boss' }, { code: 'guest', name: 'Guest' }],
        holders: [{ position: 'head', unit: 'office', person: name, from: '2020-01-01' },
          { position: 'none', unit: 'office', person: 'guest', from: '2020-01-01' }],
        roles: [{ name: 'all', verbs: ['content.*', 'flow.*', 'task.*', 'people.*', 'reports.*', 'report.*'] }],
      }));
    await this.must('org', 'import', org);
    await this.must('user', 'add', name, '--person', name, '--admin');
    await this.must('user', 'role', name, 'all');
    const t = await this.must('user', 'token', name);
    this.token = typeof t === 'string' ? t : t.token;
    return this.token;
  }

  request(method, path, body, headers = {}, agent) {
    return new Promise((done, failed) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const all = { ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...headers };
      for (const k of Object.keys(all)) if (all[k] === undefined) delete all[k];
      const req = http.request({ host: '127.0.0.1', port: this.port, method, path, headers: all, agent: agent ?? false }, (res) => {
        let out = '';
        res.setEncoding('utf8');
        res.on('data', (s) => { out += s; });
        res.on('error', failed);
        res.on('end', () => {
          let json;
          try {
            json = JSON.parse(out);
          } catch { /* not JSON */ }
          done({ status: res.statusCode, headers: res.headers, text: out, json });
        });
      });
      req.setTimeout(20000, () => req.destroy(new Error('no answer in 20 s')));
      req.on('error', failed);
      req.end(text);
    });
  }

  // A command of this machine, without a process for it: any function, as the operator or as a user.
  rpc(call, args = [], as = undefined) {
    const text = JSON.stringify({ call, args, as, lang: 'en' });
    return new Promise((done, failed) => {
      const req = http.request({ socketPath: join(this.data, 'khung.sock'), method: 'POST', path: '/rpc', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (res) => {
        let out = '';
        res.setEncoding('utf8');
        res.on('data', (s) => { out += s; });
        res.on('end', () => done({ status: res.statusCode, text: out, json: out && JSON.parse(out) }));
      });
      req.on('error', failed);
      req.end(text);
    });
  }

  // Sends bytes as they are; resolves with what came back until the end of the connection or `ms`.
  raw(bytes, ms = 3000) {
    return new Promise((done) => {
      const s = net.connect(this.port, '127.0.0.1', () => s.write(bytes));
      let out = '';
      const end = (closed) => {
        clearTimeout(late);
        s.destroy();
        done({ out, closed, status: Number(/^HTTP\/1\.1 (\d+)/.exec(out)?.[1] ?? 0) });
      };
      const late = setTimeout(() => end(false), ms);
      s.setEncoding('latin1');
      s.on('data', (d) => { out += d; });
      s.on('error', () => end(true));
      s.on('close', () => end(true));
    });
  }

  flow(id) {
    return this.must('flow', 'show', id);
  }

  async startFlow(flow, input = {}, bid) {
    const r = await this.must('flow', 'start', flow, '--input', JSON.stringify(input), ...(bid ? ['--id', bid] : []));
    return typeof r === 'object' ? r.id ?? r.run : r;
  }

  // Waits until `look` gives something: that.
  async until1(what, look, ms = 15000) {
    for (const end = Date.now() + ms; ;) {
      const v = await look();
      if (v) return v;
      if (Date.now() > end) throw new Error(`${what}: it did not come to it ${this.log.slice(-2000)}`);
      await pause(20);
    }
  }

  // A kept error of a plugin; it is written a moment after it was told.
  incident(id) {
    return this.until1(`error ${id} is kept`, async () => (await this.cli('error', 'show', id)).json);
  }

  // Waits until a run's state is one of `states`.
  async until(id, states, ms = 10000) {
    for (const end = Date.now() + ms; ;) {
      const run = await this.flow(id);
      if ([].concat(states).includes(run.state)) return run;
      if (Date.now() > end) throw new Error(`run ${id} is ${run.state}, not ${states}: ${JSON.stringify(run)}`);
      await pause(20);
    }
  }
}

export async function serve(options = {}) {
  const s = new Service(options.dir ?? folder(), options);
  await s.start();
  return s;
}
