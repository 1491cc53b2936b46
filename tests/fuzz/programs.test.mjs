// Programs from a grammar against a live service: whatever they do, it answers, another plugin's work goes on, nothing in the store is
// broken, and it ends in order (a sanitizer's report would end it otherwise).
//
// FUZZ_SECONDS: how long (30). FUZZ_SEED: the first seed; each round prints none but the one that fails, with which the same programs are
// made again: FUZZ_SEED=n FUZZ_ROUNDS=1. FUZZ_KEEP=DIR: where the programs of the last round are kept.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, Service, folder, pause, plugin } from '../lib/khung.mjs';
import { program } from './program.mjs';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 30), ROUNDS = Number(process.env.FUZZ_ROUNDS ?? Infinity);
const SLOW = process.env.FUZZ_SLOW ? 10 : 1; // a sanitizer's build
const FIRST = Number(process.env.FUZZ_SEED ?? Date.now() % 1000000 * 1000), PLUGINS = 3, ANSWER_MS = 12000 * SLOW, RESTART = 25;
const NEEDS = { needs: '{ "flow", "storage", "content", "content:publish", "people", "report", "schedule", "fetch:127.0.0.1", "watch:/tmp" }' };
const GOOD = `
local rows = storage.table("row", { fields = { n = "integer!" } })
flow.define("add", { title = "Add", input = { n = "integer!" } }, function(run, input) rows:insert { n = input.n } return rows:count() end)
`;

class Fuzz {
  constructor(api) {
    Object.assign(this, { api, dir: folder(), good: 0, started: 0, refused: 0, empty: 0, states: {} });
    plugin(this.dir, 'good', GOOD, NEEDS);
  }

  async begin() {
    this.s ??= new Service(this.dir, { config: { lang: 'en' } });
    await this.s.start();
    if (!this.s.token) await this.s.admin();
  }

  write(seed) {
    this.programs = Array.from({ length: PLUGINS }, (_, i) => ({ name: `fuzz${i}`, ...program(seed * 10 + i, `fuzz${i}`, this.api) }));
    for (const p of this.programs) {
      plugin(this.dir, p.name, p.source, NEEDS);
      if (!process.env.FUZZ_KEEP) continue;
      mkdirSync(process.env.FUZZ_KEEP, { recursive: true });
      writeFileSync(join(process.env.FUZZ_KEEP, `${p.name}.lua`), p.source);
    }
  }

  // An answer in time, or the limit of something does not hold.
  async timely(what, promise) {
    let timer;
    const late = new Promise((_, failed) => { timer = setTimeout(() => failed(new Error(`${what}: no answer in ${ANSWER_MS} ms`)), ANSWER_MS); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  async addGood() {
    const r = await this.timely('good', this.s.request('POST', '/api/runs', { flow: 'good.add', input: { n: 1 } }));
    assert.equal(r.status, 201, r.text);
    this.good++;
    for (const end = Date.now() + ANSWER_MS; ; await pause(5)) {
      const run = (await this.s.request('GET', `/api/runs/${r.json.id}`)).json;
      if (run.state === 'completed') return assert.equal(run.result, this.good);
      assert.ok(run.state === 'running' && Date.now() < end, JSON.stringify(run));
    }
  }

  async round(seed) {
    this.write(seed);
    await this.timely('reload', this.s.cli('plugin', 'reload'));
    const ids = [];
    for (const p of this.programs) {
      for (const flow of p.flows) {
        const r = await this.timely('start', this.s.request('POST', '/api/runs', { flow: `${p.name}.${flow}`, input: {} }));
        if (r.status === 201) ids.push(r.json.id);
        else this.refused++;
      }
      await this.timely('report', this.s.request('GET', `/api/reports/${p.name}?format=csv`));
    }
    await this.addGood();
    await pause(40);
    for (const id of ids) {
      const run = (await this.timely('run', this.s.request('GET', `/api/runs/${id}`))).json;
      this.states[run.state] = (this.states[run.state] ?? 0) + 1;
      if (run.state === 'running') await this.timely('cancel', this.s.request('POST', `/api/runs/${id}/cancel`, { reason: 'over' }));
    }
    this.started += ids.length;
    this.empty = ids.length ? 0 : this.empty + 1;
    assert.ok(this.empty < 5, `no program is loaded any more: ${JSON.stringify(await this.s.must('plugin', 'list'))}`);
    assert.equal((await this.timely('health', this.s.request('GET', '/health'))).status, 200);
  }

  async sound() {
    assert.deepEqual(await this.s.must('verify'), []);
    const how = await this.s.stop();
    assert.deepEqual(how, { code: 0, signal: null }, this.s.log.slice(-6000));
    assert.doesNotMatch(this.s.log, /Sanitizer|runtime error:/);
  }
}

describe('programs from a grammar', () => {
  it(`do no harm in ${SECONDS} s, from seed ${FIRST} on`, { timeout: SECONDS * 1000 + 120000 * SLOW }, async (t) => {
    const api = JSON.parse(execFileSync(KHUNG, ['api', '--json'], { encoding: 'utf8' })), f = new Fuzz(api), end = Date.now() + SECONDS * 1000;
    let seed = FIRST;
    try {
      await f.begin();
      for (let n = 1; Date.now() < end && n <= ROUNDS; n++, seed++) {
        await f.round(seed);
        if (n % RESTART) continue;
        await f.sound();
        await f.begin();
      }
      await f.sound();
    } catch (e) {
      if (f.s?.gone) e.message += `\nended: ${JSON.stringify(f.s.gone)}`;
      e.message = `FUZZ_SEED=${seed} FUZZ_ROUNDS=1 (or since ${FIRST}): ${e.message}\n${f.s?.log.slice(-8000)}`;
      throw e;
    }
    t.diagnostic(`${seed - FIRST} rounds, ${f.started} runs (${JSON.stringify(f.states)}), ${f.refused} not started`);
  });
});
