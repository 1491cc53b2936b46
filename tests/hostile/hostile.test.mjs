// Every attack of this folder, against one service that goes on working for others.
//
// Calm windows and windows full of attacks take turns, so that both figures come from the same minute of the same machine.
// Who asks while an attack has its slice waits for the end of that slice: the lane is one thread. So the bound is twice the calm p99, or
// two slices more than it, where that is more: on an idle machine the calm p99 is shorter than one slice.
// HOSTILE=time_ runs only the attacks whose names begin so, and says what came of each.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Service, folder, pause } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';
import { attacks, install } from './attack.mjs';
import { Victim, median, quantile } from './victim.mjs';

const CALM_MS = 1500, SLICE_MS = 5, GROWTH_KB = 64 << 10, AGAIN_KB = 16 << 10, STALL_MS = 400;
const only = process.env.HOSTILE; // '' too: all, told
const all = attacks().filter((a) => !only || a.name.startsWith(only));

let s, victim, log = [], before_;
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

// Memory, when no more of it is given back.
async function settled() {
  let last, now = memory();
  do {
    last = now;
    await pause(500);
    now = memory();
  } while (now < last);
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
  async report(a) {
    const r = await s.request('GET', `/api/reports/${a.name}`);
    return r.status === 200 ? 'survives' : failure(r.json ?? { text: r.text });
  },
};
outcomes.hook = outcomes.run;

async function loaded(a) {
  const p = (await s.must('plugin', 'list')).filter((x) => x.name === a.name).at(-1);
  if (p?.state === 'active') return 'survives';
  const line = log.find((l) => l.event === 'plugin.failed' && JSON.stringify(l).includes(a.name));
  return `${line?.error} ${p?.why}`;
}

const seen = new Map();
const windows = { calm: [], hostile: [] };

function tell(a) {
  const { outcome, began, ended } = seen.get(a.name);
  console.log(`${a.name}: ${outcome.slice(0, 200)} (${Math.round(ended - began)} ms, others waited ${Math.round(worst(a))} ms, ${memory() >> 10} MiB)`);
}

const worst = (a) => Math.max(0, ...victim.between(seen.get(a.name).began - 50, seen.get(a.name).ended));

// The p99 of the others, and what it may be.
function waits() {
  const [calm, hostile] = ['calm', 'hostile'].map((k) => median(windows[k].map((w) => quantile(w, 0.99))));
  return { calm, hostile, bound: Math.max(2 * calm, calm + 2 * SLICE_MS) };
}

// Calm, then attacks, and so on.
async function measure() {
  const live = all.filter((a) => !a.isLate), width = Math.max(8, Math.ceil(live.length / 12));
  for (let i = 0; i < live.length; i += width) {
    let from = performance.now();
    await pause(CALM_MS);
    windows.calm.push(victim.between(from, performance.now()));
    from = performance.now();
    for (const a of live.slice(i, i + width)) {
      const began = performance.now();
      const one = { outcome: await outcomes[a.mode](a).catch((e) => `failed: ${e.message}`), began, ended: performance.now() };
      if (!seen.has(a.name)) seen.set(a.name, one);
      if (only !== undefined) tell(a);
      await pause(20);
    }
    windows.hostile.push(victim.between(from, performance.now()));
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
    victim.start();
    await pause(1000);
    before_ = { memory: memory(), files: readdirSync(dir), data: readdirSync(s.data) };
    // Another process that takes the machine for a while spoils a measure, but not three.
    for (let i = 0; i < 3 && (i === 0 || waits().hostile >= waits().bound); i++) {
      windows.calm = [];
      windows.hostile = [];
      await measure();
    }
    before_.again = await settled();
    for (const a of all) if (!a.isLate && a.group === 'memory') await outcomes[a.mode](a).catch(() => {});
    before_.then = await settled();
    const from = performance.now();
    for (const a of all) {
      if (!a.isLate) continue;
      install(join(dir, 'plugins'), a);
      await s.cli('plugin', 'reload', a.name);
    }
    for (const a of all) if (a.isLate) seen.set(a.name, { outcome: await loaded(a), began: from, ended: performance.now() });
  });
  after(() => s?.stop());

  for (const a of all)
    it(`${a.name} (${a.mode}): ${a.expect}`, () => {
      const { outcome } = seen.get(a.name);
      assert.ok(a.expect.split(' | ').some((e) => (e === 'survives' ? outcome === e : outcome.includes(e))), `expected ${a.expect}: ${outcome}`);
      if (!a.isLate) assert.ok(worst(a) < Math.max(STALL_MS, 4 * waits().calm), `others waited ${worst(a)} ms`);
    });

  it('the others wait less than twice as long', (t) => {
    const { calm, hostile, bound } = waits();
    const text = `p99 calm ${calm.toFixed(1)} ms, under attack ${hostile.toFixed(1)} ms, bound ${bound.toFixed(1)} ms (medians of ${windows.calm.length} windows, ${victim.times.length} requests); median ${median(windows.calm.flat()).toFixed(1)} and ${median(windows.hostile.flat()).toFixed(1)} ms`;
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

  // The first time some of it stays: libraries that were opened, states of readers. The second time nothing does.
  it('memory comes back', async (t) => {
    const now = await settled(), { memory: first, again, then } = before_;
    const text = `${first >> 10} MiB before, ${now >> 10} MiB after; ${again >> 10} and ${then >> 10} MiB around those on memory once more`;
    t.diagnostic(text);
    assert.ok(now <= first + GROWTH_KB && then <= again + AGAIN_KB, text);
  });

  it('no file and no process is left', () => {
    assert.deepEqual(readdirSync(s.dir), before_.files);
    assert.deepEqual(readdirSync(s.data), before_.data);
    assert.deepEqual(children(), []);
  });

  it('what was refused has left nothing in the store, which verifies', async () => {
    assert.deepEqual(await s.must('verify'), []);
    for (const a of all.filter((x) => ['run', 'hook'].includes(x.mode) && !x.keeps && !/survives|goes on/.test(x.expect)))
      assert.deepEqual(sql(s.data, `select n from p_${a.name}__mark`), [], a.name);
  });

  it('the service stops in order', async () => {
    const how = await s.stop();
    assert.deepEqual(how, { code: 0, signal: null }, s.log.slice(-2000));
  });
});
