// The service is killed while a run waits, in each way in which one waits, and again right after what it waits for has come: what was before the
// wait and what comes behind it is done once.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';
import { sql } from './check.mjs';

const waits = {
  sleep: { body: 'run:sleep("1h") return "slept"', want: 'slept' },
  sleep_until_item: { body: 'local n = content.create("note", { title = "N", publish_at = date.add(run:now(), "1h") }) run:sleep_until { n, "publish_at" } return "hour"', want: 'hour' },
  wait: { body: 'run:wait("go") return "went"', signals: ['go'], want: 'went' },
  within: { body: 'local e = run:wait("never", {}, { within = "1h" }) return e == nil', want: true },
  call: { body: 'return run:call("t.child")', signals: ['go'], child: true, want: 'child' },
  all: { body: 'local r = run:all { a = function() run:sleep("1h") add(run, 3) return 1 end, b = function() run:wait("go") add(run, 4) return 2 end } return r.a + r.b', signals: ['go'], more: [3, 4], want: 3 },
  ask_within: { body: 'return run:ask { to = people.person("guest"), title = "Late?", within = "1h" }.timed_out', want: true },
  checkpoint: { whole: 'if not run.state then add(run, 1) run:checkpoint { n = 7 } end run:wait("go") add(run, 2) return run.state.n', signals: ['go'], want: 7 },
  any: { body: 'local name, n = run:any { a = function() run:wait("never") return 1 end, b = function() run:wait("go") add(run, 4) return 2 end } return name .. n', signals: ['go'], more: [4], want: 'b2' },
};
const SOURCE = `
content.type("note", { fields = { title = "text!", publish_at = "instant" }, title = "title" })
local rows = storage.table("row", { fields = { run = "integer!", n = "integer!" } })
local function add(run, n) rows:insert { run = run.id, n = n } end
flow.define("back", { title = "back", input = { run = "integer!" } }, function(run, input) add({ id = input.run }, 3) run:wait("go") add({ id = input.run }, 4) end)
flow.define("undoing", { title = "undoing" }, function(run) add(run, 1) run:compensate("t.back", { run = run.id }) run:wait("never") end)
flow.define("child", { title = "child" }, function(run) add(run, 1) run:wait("go") add(run, 2) return "child" end)
${Object.entries(waits).map(([name, w]) => `flow.define("${name}", { title = "${name}" }, function(run)
  ${w.whole ?? `add(run, 1)
  local function waiting() ${w.body} end
  local got = waiting()
  add(run, 2)
  return got`}
end)`).join('\n')}
`;
const counts = (s, run) => sql(s.data, `select n, count(*) as times from p_t__row where run = ${run} group by n order by n`);
const once = (list) => list.map((n) => ({ n, times: 1 }));

describe('killed while a run waits', () => {
  for (const [name, w] of Object.entries(waits))
    it(`${name}: all is done once`, { timeout: 60000 }, async () => {
      const dir = folder();
      plugin(dir, 't', SOURCE, { needs: '{ "flow", "storage", "content", "content:publish", "people" }' });
      const s = await serve({ dir });
      await s.admin();
      const again = async () => { await s.kill(); await s.start(); };
      const id = await s.startFlow(`t.${name}`);
      const child = w.child && (await s.until1('its child runs', async () => (await s.must('flow', 'list')).find((r) => r.flow === 'child'))).id;
      await s.until1('it waits', () => counts(s, child ?? id).length);
      for (let i = 0; i < 3; i++) {
        await again();
        await pause(50);
      }
      assert.deepEqual(counts(s, id), once([1]), 'nothing behind the wait, nothing twice before it');
      for (const signal of w.signals ?? []) {
        const r = await s.request('POST', `/api/runs/${child || id}/signal`, { name: signal, key: 'once' });
        assert.equal(r.status, 204, r.text);
        await again();
      }
      s.config.clock_offset = 2 * 3600000;
      await again();
      const run = await s.until(id, ['completed', 'failed']);
      assert.equal(run.state, 'completed', JSON.stringify(run));
      assert.deepEqual(run.result, w.want);
      await again();
      assert.deepEqual(counts(s, id), once([1, 2, ...(w.more ?? [])]));
      if (child) assert.deepEqual(counts(s, child), once([1, 2]));
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });

  it('undoing, while its compensation waits: that is done once, and then it is cancelled', { timeout: 60000 }, async () => {
    const dir = folder();
    plugin(dir, 't', SOURCE, { needs: '{ "flow", "storage", "content", "content:publish", "people" }' });
    const s = await serve({ dir });
    await s.admin();
    const again = async () => { await s.kill(); await s.start(); };
    const id = await s.startFlow('t.undoing');
    await again();
    await s.must('flow', 'cancel', id);
    for (let i = 0; i < 2; i++) {
      await again();
      assert.equal((await s.must('flow', 'show', id)).state, 'undoing');
    }
    const back = (await s.must('flow', 'list')).find((r) => r.flow === 'back').id;
    assert.equal((await s.request('POST', `/api/runs/${back}/signal`, { name: 'go', key: 'once' })).status, 204);
    await again();
    assert.equal((await s.until(id, ['cancelled', 'failed'])).state, 'cancelled');
    assert.deepEqual(counts(s, id), once([1, 3, 4]));
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });
});
