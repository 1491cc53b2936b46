// A plugin whose code keeps failing is switched off: the others go on, its runs wait, and it comes back by itself: after
// a pause, or with a version that is mended.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';

const NOTES = 'content.type("note", { fields = { title = "text!" }, title = "title" })\n';
const guard = (mistake) => `${NOTES}
on("content.before_create", function(e)
  ${mistake}
end)
local seen = storage.table("seen", { fields = { n = "integer!" } })
flow.define("wait", {}, function(run) seen:insert { n = run:wait("go").n } return "done" end)
schedule.cron("often", "0 0 1 1 *", { flow = "wait" })
report.define("seen", { columns = { { "n", "integer" } } }, function(p, out) for _, row in ipairs(seen:find()) do out:row { n = row.n } end end)
loop.every("1h", function() end)
`;
// Fails as long as a title says so.
const TOUCHY = guard('if e.values.title == "bad" then local x; x.y = 1 end');
const OTHER = `
flow.define("work", {}, function(run) return "worked" end)
content.type("memo", { fields = { title = "text!" }, title = "title" })
`;
const NEEDS = { needs: '{ "flow", "storage", "content", "report", "schedule" }' };

async function office(source = guard('local x; x.y = 1')) {
  const dir = folder();
  plugin(dir, 'guard', source, NEEDS);
  plugin(dir, 'other', OTHER);
  const s = await serve({ dir });
  await s.admin();
  return s;
}

const note = (s, title = 'bad') => s.request('POST', '/api/content/note', { title }, { 'accept-language': 'en' });
const state = async (s) => (await s.must('plugin', 'list')).find((p) => p.name === 'guard');

async function broken(s) {
  for (let i = 0; i < 5; i++) assert.deepEqual((await note(s)).json.code, 'refused.veto');
  assert.equal((await state(s)).state, 'off');
}

async function until(what, ms) {
  for (const end = Date.now() + ms; !(await what()); await pause(100)) assert.ok(Date.now() < end, 'it does not come');
}

describe('a plugin that keeps failing', () => {
  it('goes off with why, since and until; others go on; runs are held, and go on with a mended version', async () => {
    const s = await office(), runs = [];
    for (let i = 0; i < 5; i++) runs.push(await s.startFlow('guard.wait'));
    await broken(s);
    // Whoever asks is told all that he can do something with.
    const r = await note(s, 'good');
    assert.equal(r.status, 503);
    assert.equal(r.headers['content-type'], 'application/problem+json');
    assert.equal(r.json.code, 'plugin.off');
    const off = await state(s), [id] = /\w{8}(?=\)$)/.exec(off.why);
    assert.match(r.json.detail, /^The plugin guard is switched off since 20\S+Z, because it kept failing: .*nil value.*guard\/init\.lua:4/);
    assert.match(r.json.hint, /^It is tried again at 20\S+Z\. .*khung plugin enable guard/);
    assert.ok(r.json.detail.includes(off.why), r.json.detail);
    assert.equal(off.next - off.since, 30000);
    assert.equal((await s.incident(id)).plugin, 'guard');
    const report = await s.request('GET', '/api/reports/seen');
    assert.deepEqual([report.status, report.json.code], [503, 'plugin.off']);
    // The others.
    assert.equal((await s.until(await s.startFlow('other.work'), 'completed')).result, 'worked');
    // Its runs: signals are taken, new ones are started, none is lost.
    for (const [i, run] of runs.entries()) await s.must('flow', 'signal', run, 'go', '--input', `{"n":${i}}`);
    runs.push(await s.startFlow('guard.wait'));
    for (const run of runs) {
      const now = await s.flow(run);
      assert.deepEqual([now.state, now.held], ['running', off.why]);
    }
    await s.kill();
    await s.start();
    assert.equal((await state(s)).why, off.why);
    assert.deepEqual(await s.must('verify'), []);
    plugin(s.dir, 'guard', guard('-- mended'), NEEDS);
    await s.must('plugin', 'reload', 'guard');
    for (const run of runs.slice(0, 5)) assert.equal((await s.until(run, ['completed', 'failed'])).result, 'done');
    assert.equal((await state(s)).state, 'active');
    assert.equal((await note(s)).status, 201);
    await s.must('flow', 'signal', runs[5], 'go', '--input', '{"n":5}');
    await s.until(runs[5], 'completed');
    const rows = await s.request('GET', '/api/reports/seen');
    assert.deepEqual(rows.json?.rows?.map((x) => x.n).sort(), [0, 1, 2, 3, 4, 5], rows.text);
    await s.stop();
  });

  it('comes back by itself after the pause: one run is tried, then all go on', { timeout: 60000 }, async () => {
    const s = await office(TOUCHY), runs = [];
    for (let i = 0; i < 20; i++) runs.push(await s.startFlow('guard.wait'));
    await broken(s);
    for (const [i, run] of runs.entries()) await s.must('flow', 'signal', run, 'go', '--input', `{"n":${i}}`);
    const { next } = await state(s);
    await until(async () => (await state(s)).state === 'active', 40000);
    assert.ok(Date.now() >= next);
    for (const run of runs) assert.equal((await s.until(run, ['completed', 'failed'])).result, 'done');
    assert.equal((await note(s, 'good')).status, 201);
    await s.stop();
  });

  it('is switched off and on by hand, over REST as over the command line', async () => {
    const s = await office(guard('-- well'));
    const post = (what, body, headers) => s.request('POST', `/api/plugins/${what}`, body, { 'accept-language': 'en', ...headers });
    const run = await s.startFlow('guard.wait');
    assert.equal((await post('guard/disable', { why: 'until Monday' })).status, 204);
    const r = await note(s);
    assert.deepEqual([r.status, r.json.code], [503, 'plugin.disabled']);
    assert.match(r.json.detail, /by the admin at 20\S+Z: until Monday/);
    assert.match(r.json.hint, /khung plugin enable guard/);
    await s.must('flow', 'signal', run, 'go', '--input', '{"n":1}');
    await s.kill();
    await s.start();
    const { state: now, why, next } = await state(s);
    assert.deepEqual([now, why, next], ['disabled', 'until Monday', undefined]);
    await s.must('plugin', 'reload', 'guard');
    assert.equal((await state(s)).state, 'disabled'); // a reload does not overrule the admin
    assert.equal((await post('guard/enable')).status, 204);
    assert.equal((await s.until(run, 'completed')).result, 'done');
    await s.must('plugin', 'disable', 'guard', '--why', 'again');
    assert.equal((await s.flow(run)).state, 'completed');
    await s.must('plugin', 'enable', 'guard');
    for (const what of ['nobody/disable', 'nobody/enable']) {
      const none = await post(what);
      assert.deepEqual([none.status, none.json.code], [404, 'plugin.no_such']);
    }
    assert.equal((await s.request('GET', '/api/plugins/nobody/limits')).status, 404);
    assert.equal((await s.request('GET', '/api/plugins/guard/limits')).json.length, 6);
    assert.equal((await post('guard/disable', { because: 'x' })).status, 422);
    await s.must('user', 'add', 'guest', '--person', 'guest');
    await s.must('user', 'role', 'guest', 'all');
    const t = await s.must('user', 'token', 'guest');
    for (const what of ['guard/disable', 'guard/enable'])
      assert.equal((await post(what, undefined, { authorization: `Bearer ${t.token ?? t}` })).status, 403);
    assert.equal((await post('guard/disable', undefined, { authorization: undefined })).status, 401);
    assert.equal((await s.cli('plugin', 'disable', 'nobody')).code, 1);
    assert.equal((await state(s)).state, 'active');
    await s.stop();
  });
});
