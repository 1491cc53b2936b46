// Every attack of this folder, against one service that goes on working for others.
//
// Calm windows and windows full of attacks take turns, so that both figures come from the same minute of the same machine.
// Who changes something while an attack has its slice waits for the end of that slice: the lane is one thread. So the p99 of all requests
// may be twice the calm one, or a slice more than it, where that is more: on an idle machine the calm p99 is shorter than one slice; and two slices for
// changes alone. A slice is CPU time: where the service has to wait for a processor in calm windows, because others use the machine, it may take as
// much longer, up to twice.
// HOSTILE=time_ runs only the attacks whose names begin so, and says what came of each.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Service, folder, pause } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';
import { attacks, install } from './attack.mjs';
import { Victim, median, quantile } from './victim.mjs';

const CALM_MS = 1500, SLICE_MS = 5, STALL_MS = 400;
// KiB. What the work of the others fills, whatever the attacks: runs in the cache, arenas, statements; what an attacked state may keep; what one
// that was loaded may, beside the few that keep much; what a round may add that was gone through before; pages of the process that hold nothing: libraries, stacks, pieces
// between what is used.
const BUSY = 8 << 10, ATTACKED = 128, LOADED = 192, AGAIN = 2 << 10, REST = 24 << 10;
const WRITER_CACHE = 64 << 10, READER_CACHE = 4 << 10; // as in core/store/store_sqlite.c
const only = process.env.HOSTILE; // '' too: all, told
const all = attacks().filter((a) => !only || a.name.startsWith(only));

const late = all.filter((a) => a.isLate);
let s, victim, log = [], before_;
const at = {};
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${s.child.pid}/status`, 'utf8'))[1]);
const children = () => readdirSync(`/proc/${s.child.pid}/task`).flatMap((t) => readFileSync(`/proc/${s.child.pid}/task/${t}/children`, 'utf8').split(' ').filter(Boolean));

// The lines of the log as they come.
function listen() {
  let rest = '';
  s.child.stderr.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      try {
        log.push(JSON.parse(line));
      } catch { /* a sanitizer speaks: the end of the service tells it */ }
    }
  });
}

async function logged(fits, ms) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(5)) {
    const line = log.find(fits);
    if (line) return line;
  }
  return null;
}

// What is allocated by the store and by all others, and what the process has of the machine; when no more is given back. KiB.
async function held() {
  const text = await s.text('metrics'), number = (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)[1]), of = (name) => Math.round(number(name) / 1024);
  const store = of('khung_store_memory_bytes'), heap = of('process_heap_bytes'), caches = WRITER_CACHE + READER_CACHE * (2 + number('khung_readers'));
  return { own: heap - store, store, caches, rest: of('process_resident_memory_bytes') - heap };
}

async function settled() {
  let last, now = await held();
  for (let i = 0; i < 8 && !(last && now.own + now.rest > last.own + last.rest - 256); i++) {
    last = now;
    await pause(500);
    now = await held();
  }
  return now;
}

const failure = (e) => [e.error ?? e.code, e.text, e.detail, e.where && `at ${e.where}`].filter(Boolean).join(' ');

// What came of it: "survives", or the error's key and text.
const outcomes = {
  async run(a) {
    const r = await s.request('POST', '/api/runs', { flow: `${a.name}.attack`, input: {} });
    if (r.status !== 201) return `not started: ${r.text}`;
    for (const end = Date.now() + a.wait; Date.now() < end; await pause(4)) {
      const run = (await s.request('GET', `/api/runs/${r.json.id}`)).json;
      if (run.state === 'completed') return 'survives';
      if (run.state !== 'running') return `${run.state}: ${failure(run.error ?? {})}`;
    }
    const ended = await s.request('POST', `/api/runs/${r.json.id}/cancel`, { reason: 'enough' });
    return ended.status === 204 ? 'goes on' : `cannot be cancelled: ${ended.text}`;
  },
  async loop(a) {
    const started = await outcomes.run(a);
    if (started !== 'survives') return started;
    const line = await logged((l) => l.plugin === a.name && (['loop.failed', 'plugin.error'].includes(l.event) || l.text === 'survives'), a.wait);
    return !line ? 'goes on' : line.text === 'survives' ? 'survives' : failure(line);
  },
  async get(a) {
    const r = await s.request(a.mode.toUpperCase(), `/x/${a.name}/attack`, a.mode === 'get' ? undefined : {});
    for (const name of ['set-cookie', 'x']) assert.equal(r.headers[name], undefined, name);
    return r.status < 400 ? 'survives' : failure(r.json ?? { text: r.text });
  },
  async report(a) {
    const r = await s.request('GET', `/api/reports/${a.name}`);
    return r.status === 200 ? 'survives' : failure(r.json ?? { text: r.text });
  },
};
outcomes.hook = outcomes.run;
outcomes.post = outcomes.get;

async function loaded(a) {
  const p = (await s.must('plugin', 'list')).filter((x) => x.name === a.name).at(-1);
  if (p?.state === 'active') return 'survives';
  const line = log.find((l) => l.event === 'plugin.failed' && JSON.stringify(l).includes(a.name));
  return `${line?.error} ${p?.why}`;
}

const seen = new Map();
const windows = { calm: [], hostile: [], stretch: [] };

function tell(a) {
  const { outcome, began, ended } = seen.get(a.name);
  console.log(`${a.name}: ${outcome.slice(0, 200)} (${Math.round(ended - began)} ms, others waited ${Math.round(worst(a))} ms, ${memory() >> 10} MiB)`);
}

const worst = (a, one = seen.get(a.name)) => Math.max(0, ...victim.between(one.began - 50, one.ended));
const stalled = (a) => worst(a) >= Math.max(STALL_MS, 4 * waits('changes').calm);

// What came of it the first time; the wait of others is the shortest: another process may have taken the machine, but not each time.
async function attack(a) {
  const began = performance.now(), outcome = await outcomes[a.mode](a).catch((e) => `failed: ${e.message}`);
  const one = { outcome, began, ended: performance.now() }, before = seen.get(a.name);
  if (!before) seen.set(a.name, one);
  else if (worst(a, one) < worst(a)) seen.set(a.name, { ...one, outcome: before.outcome });
}

// The p99 of the others, and what it may be: of `all` requests, or of `changes`.
function waits(of) {
  const [calm, hostile] = ['calm', 'hostile'].map((k) => median(windows[k].map((w) => quantile(w[of], 0.99)))), stretch = median(windows.stretch);
  return { calm, hostile, stretch, bound: Math.max(2 * calm, calm + (of === 'all' ? 1 : 2) * SLICE_MS * stretch) };
}
const isSlow = () => ['all', 'changes'].some((of) => waits(of).hostile >= waits(of).bound);
const asked = (from, to) => ({ all: victim.between(from, to), changes: victim.between(from, to, true) });

// How long the service's threads have run, and have waited for a processor: ns.
function scheduled() {
  const tasks = `/proc/${s.child.pid}/task`, sum = [0, 0];
  for (const t of readdirSync(tasks)) readFileSync(`${tasks}/${t}/schedstat`, 'utf8').split(' ').slice(0, 2).forEach((n, i) => { sum[i] += Number(n); });
  return sum;
}

// Calm, then attacks, and so on.
async function measure() {
  const live = all.filter((a) => !a.isLate), width = Math.max(8, Math.ceil(live.length / 12));
  for (let i = 0; i < live.length; i += width) {
    let from = performance.now();
    const [ran, waited] = scheduled();
    await pause(CALM_MS);
    windows.calm.push(asked(from, performance.now()));
    const [run, wait] = scheduled();
    windows.stretch.push(Math.min(2, 1 + (wait - waited) / (run - ran)));
    from = performance.now();
    for (const a of live.slice(i, i + width)) {
      await attack(a);
      if (only !== undefined) tell(a);
      await pause(20);
    }
    windows.hostile.push(asked(from, performance.now()));
  }
}

describe('hostile plugins', { concurrency: false }, () => {
  before(async () => {
    const dir = folder();
    Victim.install(dir);
    for (const a of all) if (!a.isLate) install(join(dir, 'plugins'), a);
    s = new Service(dir, { config: { log: 'json', ...JSON.parse(process.env.HOSTILE_CONFIG ?? '{}') } });
    await s.start();
    listen();
    await s.admin();
    victim = new Victim(s);
    await victim.start();
    await pause(1000);
    before_ = { files: readdirSync(dir), data: readdirSync(s.data) };
    at.start = await settled();
    // Another process that takes the machine for a while spoils a measure, but not three.
    for (let i = 0; i < 3 && (i === 0 || isSlow()); i++) {
      for (const k of Object.keys(windows)) windows[k] = [];
      await measure();
    }
    for (let i = 0; i < 2; i++) for (const a of all) if (!a.isLate && stalled(a)) await attack(a);
    at.attacked = await settled();
    // A cache that is not full yet may still take something; a leak takes it each time.
    for (let i = 0; i < 3 && (i === 0 || at.again.own > at.attacked.own + AGAIN); i++) {
      if (i > 0) at.attacked = at.again;
      for (const a of all) if (!a.isLate && a.group === 'memory') await outcomes[a.mode](a).catch(() => {});
      at.again = await settled();
    }
    const from = performance.now();
    for (const a of late) {
      install(join(dir, 'plugins'), a);
      await s.cli('plugin', 'reload', a.name);
    }
    at.loaded = await settled();
    for (const a of late) await s.cli('plugin', 'reload', a.name);
    at.reloaded = await settled();
    for (const a of late) seen.set(a.name, { outcome: await loaded(a), began: from, ended: performance.now() });
  });
  after(() => s?.stop());

  for (const a of all)
    it(`${a.name} (${a.mode}): ${a.expect}`, () => {
      const { outcome } = seen.get(a.name);
      assert.ok(a.expect.split(' | ').some((e) => (e === 'survives' ? outcome === e : outcome.includes(e))), `expected ${a.expect}: ${outcome}`);
      if (!a.isLate) assert.ok(!stalled(a), `others waited ${worst(a)} ms`);
    });

  for (const of of ['all', 'changes'])
    it(`the others wait less than twice as long: ${of}`, (t) => {
      const { calm, hostile, bound, stretch } = waits(of), n = windows.calm.concat(windows.hostile).reduce((sum, w) => sum + w[of].length, 0);
      const text = `p99 calm ${calm.toFixed(1)} ms, under attack ${hostile.toFixed(1)} ms (${(hostile / calm).toFixed(2)} times), bound ${bound.toFixed(1)} ms, CPU time stretched ${stretch.toFixed(2)} times (medians of ${windows.calm.length} windows, ${n} requests)`;
      t.diagnostic(text);
      if (only !== undefined) console.log(text);
      assert.ok(hostile < bound, text);
    });

  it('nobody was refused, and nothing of theirs has changed', async () => {
    await victim.stop();
    assert.deepEqual(victim.errors, []);
    const id = await s.startFlow('good.count');
    const run = await s.until(id, ['completed', 'failed']);
    assert.deepEqual(run.result, { all: victim.n, sum: victim.sum });
  });

  // The first time some of it stays: states that have grown, caches, and the source of what failed. The second time nothing does.
  it('memory comes back', (t) => {
    const text = Object.entries(at).map(([k, h]) => `${k}: ${h.own} KiB, store ${h.store}, rest ${h.rest}`).join('; ');
    const sources = late.flatMap((a) => Object.values(a.files)).reduce((n, file) => n + file.length, 0) >> 10;
    const grows = (from, to, most) => assert.ok(at[to].own <= at[from].own + most, `${to}: more than ${most} KiB since ${from}; ${text}`);
    t.diagnostic(text);
    grows('start', 'attacked', BUSY + ATTACKED * (all.length - late.length));
    grows('attacked', 'again', AGAIN);
    grows('again', 'loaded', BUSY + LOADED * late.length + sources);
    grows('loaded', 'reloaded', AGAIN);
    assert.ok(at.reloaded.store <= at.reloaded.caches, text);
    assert.ok(at.reloaded.rest <= at.start.rest + REST, text);
  });

  it('no file and no process is left', () => {
    assert.deepEqual(readdirSync(s.dir), before_.files);
    assert.deepEqual(readdirSync(s.data), before_.data);
    assert.deepEqual(children(), []);
  });

  it('what was refused has left nothing in the store, which verifies', async () => {
    assert.deepEqual(await s.must('verify'), []);
    for (const a of all.filter((x) => ['run', 'hook', 'post'].includes(x.mode) && !x.keeps && !/survives|goes on/.test(x.expect)))
      assert.deepEqual(sql(s.data, `select n from p_${a.name}__mark`), [], a.name);
  });

  it('the service stops in order', async () => {
    const how = await s.stop();
    assert.deepEqual(how, { code: 0, signal: null }, s.log.slice(-2000));
  });
});
