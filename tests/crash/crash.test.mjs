// The service is killed: at each named point, and at random under load. After a restart nothing that it acknowledged is
// lost, and every effect is there exactly once.
//
// CRASH_ROUNDS: how many random kills (300, or what 60 s allow, at least 40; LONG=1 or KHUNG_LONG=1: 3000).
// CRASH_BREAK=1: an acknowledged run is deleted behind the service's back before the check, which then must fail: so it is seen that the test can.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { crashNames, dies, startTo } from '../lib/crash.mjs';
import { TOP, Service, folder, pause, sqlite } from '../lib/khung.mjs';
import { check, sql } from './check.mjs';
import { Load } from './load.mjs';

const PLUGINS = join(TOP, 'tests/crash/plugins');
const LONG = process.env.LONG || process.env.KHUNG_LONG || process.argv.includes('--long');
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? (LONG ? 3000 : 300)), FEWEST = Math.min(ROUNDS, 40);
const MS = LONG || process.env.CRASH_ROUNDS ? Infinity : 60000; // a start takes long where the disk is slow
const BREAK = Boolean(process.env.CRASH_BREAK);

async function prepared(config = {}) {
  const s = new Service(folder(), { plugins: PLUGINS, config: { log_level: 'info', ...config } });
  await s.start();
  await s.admin();
  return s;
}

const steal = (data, bid) => sqlite(data,
  `delete from p_crashme__row where bid = '${bid}' and n = 1; delete from flow_run where bid = '${bid}' and name in (select id from flow_name where name = 'page')`);

// Everything settles, the service verifies itself, ends in order, and the checker has nothing to say.
async function sound(s, load) {
  const settled = await load.settle();
  const open = settled ? [] : (await s.must('flow', 'list', '--limit', 20)).filter((r) => !r.ended);
  assert.ok(settled, `runs that do not end: ${JSON.stringify(open)}`);
  assert.deepEqual(await s.must('verify'), []);
  assert.deepEqual(load.errors, []);
  if (BREAK) steal(s.data, [...load.acked.keys()][0]);
  const found = check(s.data, load.acked);
  assert.deepEqual(found.slice(0, 10), [], `${found.length} findings`);
}

describe('killed at a named point', () => {
  const names = crashNames(/./);
  for (const name of names.filter((n) => !/^(store|outbox|pack|upgrade|breaker|auth|task|vote|people|notify|file|route|audit|turn|search|plugin)\./.test(n)))
    it(name, { timeout: 60000 }, async () => {
      const s = await prepared(), load = new Load(s);
      for (const k of [1, 2, 7, 40]) {
        // Starting passes some points too: it may die before it is ready.
        if (await startTo(s, `${name}:${k}`)) await load.drive(15000);
        await dies(s, `${name}:${k}`);
        await s.start();
      }
      await load.drive(50);
      await sound(s, load);
      assert.ok(load.acked.size > 0);
      await s.stop();
    });

  for (const name of names.filter((n) => n.startsWith('store.')))
    it(`${name}: the next start goes on with the migrations`, async () => {
      const s = new Service(folder(), { plugins: PLUGINS });
      for (const k of [1, 2, 3, 5]) {
        await s.start({ KHUNG_CRASH_AT: `${name}:${k}` }).then(() => s.stop(), () => assert.equal(s.gone.signal, 'SIGKILL'));
      }
      await s.start();
      await s.admin();
      const load = new Load(s);
      await load.drive(100);
      await sound(s, load);
      await s.stop();
    });
});

describe('the outbox', () => {
  let peer, keys;
  before(async () => {
    keys = [];
    peer = http.createServer((req, res) => {
      let body = '';
      req.on('data', (d) => { body += d; });
      req.on('end', () => {
        keys.push([body, req.headers['idempotency-key']]);
        res.end('ok');
      });
    });
    await new Promise((done) => peer.listen(0, '127.0.0.1', done));
  });
  after(() => peer.close());

  for (const name of ['outbox.before_send', 'outbox.after_send', 'outbox.before_result'])
    it(`killed at ${name}: sent at least once, always with the same key, and the run goes on once`, { timeout: 60000 }, async () => {
      const s = await prepared({ fetch_private: '127.0.0.1' }), load = new Load(s), bid = `sent-${name}`;
      await s.restart({ KHUNG_CRASH_AT: `${name}:1` });
      const r = await s.request('POST', '/api/runs', { flow: 'crashme.sent', input: { bid, url: `http://127.0.0.1:${peer.address().port}/` }, id: bid })
        .catch(() => null);
      await dies(s, name);
      if (r?.status === 201) load.acked.set(bid, { flow: 'sent', id: r.json.id });
      // The row is leased to the process that died until its request must be over.
      s.config.clock_offset = 65000;
      await s.start();
      await sound(s, load);
      const mine = keys.filter(([body]) => body === bid);
      assert.ok(mine.length >= 1 && mine.length <= 2, `${mine.length} requests`);
      assert.ok(mine[0][1], 'no Idempotency-Key');
      assert.equal(new Set(mine.map(([, key]) => key)).size, 1);
      assert.equal(sql(s.data, 'select 1 as x from outbox').length, 0);
      await s.stop();
    });
});

describe('killed at random', () => {
  it(`${ROUNDS} times under load`, { timeout: 3600000 }, async (t) => {
    const s = await prepared(), load = new Load(s), end = Date.now() + MS;
    let kills = 0;
    while (kills < ROUNDS && (kills < FEWEST || Date.now() < end)) {
      // Soon, or when up to four more have been acknowledged: how long that takes is the machine's.
      const goal = load.acked.size + (kills + 1) % 5, driven = load.drive(60000);
      await s.until1('so many are acknowledged', () => load.acked.size >= goal);
      await pause(randomInt(5, 50));
      await s.kill();
      await driven;
      kills++;
      await s.start();
      if (kills % 25 === 0) await sound(s, load);
    }
    await sound(s, load);
    t.diagnostic(`${kills} kills, ${load.n} starts asked, ${load.acked.size} acknowledged`);
    assert.ok(load.acked.size >= kills, `${load.acked.size} acknowledged in ${kills} kills`);
    await s.stop();
  });
});

describe('the checker', () => {
  it('reports what is lost, what happened twice and what was never acknowledged so', { skip: BREAK }, async () => {
    const s = await prepared(), load = new Load(s);
    await load.drive(1000);
    await sound(s, load);
    await s.stop();
    const [five, undone, page] = ['five', 'undone', 'page'].map((f) => [...load.acked.keys()].find((b) => b.startsWith(f)));
    const run = (text) => sqlite(s.data, text);
    run(`delete from p_crashme__row where bid = '${five}' and n = 3`);
    run(`insert into p_crashme__row(id, version, bid, n, run) select max(id) + 1, 1, '${undone}', 2, 1 from p_crashme__row`);
    run(`delete from flow_run where bid = '${page}'`);
    const found = check(s.data, load.acked).join('\n');
    assert.match(found, new RegExp(`${five}: five left the rows 1,2,4,5`));
    assert.match(found, new RegExp(`${undone}: undone left the rows`));
    assert.match(found, new RegExp(`${page}: acknowledged and gone`));
  });
});
