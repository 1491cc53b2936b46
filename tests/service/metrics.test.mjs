// GET /metrics: the format, who may read it, and that its numbers are those of the service.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { folder, pause, plugin, serve, write } from '../lib/khung.mjs';

const SOURCE = `
local rows = storage.table("row", { fields = { name = "text!" } })
flow.define("insert", { input = { n = "integer!" } }, function(run, input)
  for i = 1, input.n do rows:insert { name = "abc" } end
end)
flow.define("park", {}, function(run) run:wait("go") end)
flow.define("slip", { retry = { times = 0 } }, function(run) local x; x.y = 1 end)
flow.define("undo", {}, function(run) run:compensate("park", {}) run:wait("go") end)
flow.define("talk", {}, function(run) for i = 1, 20 do log.info("word") end end)
`;

const NAME = /^[a-z_][a-z0-9_]*$/;
const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?\d+(?:\.\d+)?)$/;

// Reads the text as strictly as Prometheus does; { 'name{labels}': value }.
function parse(text) {
  assert.ok(text.endsWith('\n'));
  const values = {}, families = new Map();
  let family = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const head = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (head?.[1] === 'HELP') {
      assert.match(head[2], NAME);
      assert.ok(!families.has(head[2]), `${head[2]} comes twice`);
      family = { name: head[2], help: head[3] };
      families.set(head[2], family);
    } else if (head) {
      assert.equal(head[2], family.name);
      assert.match(head[3], /^(counter|gauge)$/);
      assert.equal(/_total$/.test(head[2]), head[3] === 'counter', `${head[2]} is a ${head[3]}`);
      family.type = head[3];
    } else {
      const m = SAMPLE.exec(line);
      assert.ok(m, `no sample: ${line}`);
      assert.equal(m[1], family?.name, 'a sample outside its family');
      assert.ok(family.type, `${m[1]} has no type`);
      const key = m[2] ? `${m[1]}{${m[2]}}` : m[1];
      assert.ok(!(key in values), `${key} comes twice`);
      values[key] = Number(m[3]);
    }
  }
  for (const { name } of families.values())
    assert.match(name, /^(khung|process)_/);
  return values;
}

describe('metrics', () => {
  let s;
  const read = async () => parse((await s.request('GET', '/metrics')).text);
  before(async () => {
    const dir = folder(), settings = join(dir, 'settings.json');
    plugin(dir, 'p', SOURCE);
    plugin(dir, 'quiet', '');
    write(settings, JSON.stringify({ p: { limits: { rows: 10, runs: 8, log_per_minute: 5, failures: 3 } } }));
    s = await serve({ dir, config: { settings } });
    await s.admin();
  });
  after(() => s.stop());

  it('are for the local socket and an admin, whose token may be for them alone', async () => {
    const ok = await s.request('GET', '/metrics');
    assert.equal(ok.status, 200);
    assert.equal(ok.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(ok.headers['cache-control'], 'no-store');
    const head = await s.request('HEAD', '/metrics');
    assert.deepEqual([head.status, head.text], [200, '']);
    const bearer = (token) => s.request('GET', '/metrics', undefined, { authorization: token && `Bearer ${token}` });
    const none = await bearer(undefined);
    assert.deepEqual([none.status, none.json.code], [401, 'http.no_token']); // from a loopback address, as all of a proxy
    assert.equal(none.headers['content-type'], 'application/problem+json');
    assert.equal((await bearer('kh_wrong')).status, 401);
    await s.must('user', 'add', 'guest', '--person', 'guest');
    await s.must('user', 'role', 'guest', 'all');
    const token = async (...words) => { const t = await s.must('user', 'token', ...words); return t.token ?? t; };
    assert.deepEqual([(await bearer(await token('guest'))).status], [403]);
    assert.equal((await bearer(await token('boss', '--scope', 'flow.list'))).status, 403);
    const own = await token('boss', '--scope', 'system.metrics');
    assert.equal((await bearer(own)).status, 200);
    assert.equal((await s.request('GET', '/api/users', undefined, { authorization: `Bearer ${own}` })).status, 403);
    const cli = await s.cli('metrics');
    assert.equal(cli.code, 0);
    assert.deepEqual(Object.keys(parse(cli.out)), Object.keys(await read()));
  });

  it('count runs by state, what a plugin has and was refused, its failures and its breaker', async () => {
    const was = await read();
    assert.equal(was['khung_plugin_max_stored_rows{plugin="p"}'], 10);
    assert.equal(was['khung_plugin_breaker_state{plugin="p",state="closed"}'], 1);
    await s.startFlow('p.insert', { n: 4 });
    const parked = await s.startFlow('p.park'), cancelled = await s.startFlow('p.park'), undone = await s.startFlow('p.undo');
    await s.must('flow', 'cancel', cancelled);
    await s.must('flow', 'cancel', undone);
    await s.startFlow('p.talk');
    let now = await read();
    const diff = (name) => now[name] - was[name];
    assert.equal(diff('khung_runs_started_total'), 6); // the compensation, too
    assert.equal(diff('khung_runs_ended_total{state="completed"}'), 2);
    assert.equal(diff('khung_runs_ended_total{state="cancelled"}'), 1);
    assert.deepEqual(['running', 'failed', 'blocked', 'undoing'].map((st) => now[`khung_runs{state="${st}"}`]), [2, 0, 0, 1]);
    assert.equal(now['khung_plugin_open_runs{plugin="p"}'], 3);
    assert.equal(now['khung_plugin_stored_rows{plugin="p"}'], 4);
    assert.ok(now['khung_plugin_stored_bytes{plugin="p"}'] > 0);
    assert.equal(now['khung_plugin_minute_log_lines{plugin="p"}'] % 5, 0);
    assert.ok(diff('khung_plugin_quota_refusals_total{plugin="p",quota="log_per_minute"}') >= 10);
    assert.ok(s.log.match(/plugin\.log /g).length <= 10); // 5, or twice that when the minute changed meanwhile
    assert.match(s.log, /plugin\.log_limit/);
    await s.startFlow('p.insert', { n: 40 }); // refused within the run, which tries again
    for (let i = 0; i < 3; i++) await s.startFlow('p.slip');
    now = await read();
    assert.ok(diff('khung_plugin_quota_refusals_total{plugin="p",quota="rows"}') >= 1);
    assert.equal(now['khung_plugin_stored_rows{plugin="p"}'], 4);
    assert.equal(diff('khung_plugin_failures_total{plugin="p"}'), 3);
    assert.equal(now['khung_runs{state="failed"}'], 3);
    assert.equal(now['khung_plugin_breaker_state{plugin="p",state="open"}'], 1);
    assert.equal(now['khung_plugin_breaker_state{plugin="p",state="closed"}'], 0);
    assert.equal(now['khung_plugin_breaker_trips_total{plugin="p"}'], 1);
    assert.equal(now['khung_plugin_breaker_state{plugin="quiet",state="closed"}'], 1);
    const limits = await s.must('plugin', 'limits', 'p');
    assert.equal(limits.find((l) => l.limit === 'runs').now, now['khung_plugin_open_runs{plugin="p"}']);
    await s.must('flow', 'signal', parked, 'go');
    now = await read();
    assert.equal(now.khung_runs_held, 1);
    // One more than the quota: said to whoever asks, as a problem with its remedy.
    await s.startFlow('p.park');
    const r = await s.request('POST', '/api/runs', { flow: 'p.park', input: {} }, { 'accept-language': 'en' });
    assert.deepEqual([r.status, r.json.code], [429, 'limit.runs']);
    assert.match(r.json.detail, /may have 8 open runs/);
    assert.match(r.json.hint, /"limits"/);
    const after = (await read())['khung_plugin_quota_refusals_total{plugin="p",quota="runs"}'];
    assert.equal(after, 1);
  });

  it('count the lane, HTTP and the process, and are right again after a restart', async () => {
    let now = await read();
    for (const name of ['khung_lane_slices_total', 'khung_lane_batches_total', 'khung_lane_commits_total', 'khung_lane_commit_seconds_total',
      'khung_http_responses_total{class="2xx"}', 'khung_http_responses_total{class="4xx"}', 'khung_http_connections',
      'khung_store_wal_bytes', 'khung_store_memory_bytes', 'process_cpu_seconds_total', 'khung_readers'])
      assert.ok(now[name] > 0, `${name} ${now[name]}`);
    assert.ok(now.process_resident_memory_bytes > 1 << 20, `${now.process_resident_memory_bytes}`);
    assert.ok(now.process_heap_bytes > now.khung_store_memory_bytes && now.process_heap_bytes < now.process_resident_memory_bytes, `${now.process_heap_bytes}`);
    assert.ok(Math.abs(now.process_start_time_seconds - Date.now() / 1000) < 600);
    assert.equal(now.khung_lane_commits_failed_total, 0);
    assert.equal(now.khung_lane_mailbox_depth, 0);
    const before = now;
    await s.request('GET', '/api/none');
    now = await read();
    assert.equal(now['khung_http_responses_total{class="4xx"}'] - before['khung_http_responses_total{class="4xx"}'], 1);
    await s.restart();
    now = await read();
    for (const name of ['khung_runs{state="running"}', 'khung_runs{state="failed"}', 'khung_runs{state="undoing"}', 'khung_runs_held', 'khung_plugin_open_runs{plugin="p"}', 'khung_plugin_stored_bytes{plugin="p"}'])
      assert.equal(now[name], before[name], name);
    assert.equal(now['khung_plugin_breaker_state{plugin="p",state="open"}'], 1);
    assert.deepEqual(await s.must('verify'), []);
  });

  // What starts with the service (the sweep of files, the anchor of the day) has its time; then nothing ticks.
  it('do not move while nothing is asked', async () => {
    await s.restart();
    const commits = async () => (await read()).khung_lane_commits_total;
    let before = -1, now = await commits();
    for (let i = 0; i < 10 && now !== before; i++) {
      await pause(1200);
      [before, now] = [now, await commits()];
    }
    assert.equal(now, before, 'an idle service commits');
    assert.ok(now < 20, `${now} commits`);
  });

  it('without a service are refused with what to do', async () => {
    await s.stop();
    const r = await s.cli('metrics', '--lang', 'en');
    assert.equal(r.code, 1);
    assert.match(r.err, /No service runs/);
    assert.equal((await s.cli('metrics', 'now')).code, 2);
    await s.start();
  });
});
