// Killed at each point of the lane: the audit holds what the tables hold, entry by entry, and its chain is whole.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { crashNames, dies, startTo } from '../lib/crash.mjs';
import { Service, folder, plugin, sqlite } from '../lib/khung.mjs';

const SOURCE = `
local rows = storage.table("row", { fields = { n = "integer!" } })
flow.define("write", { input = { n = "integer!" } }, function(run, input)
  local id = rows:insert { n = input.n }
  pcall(function() rows:insert { n = input.n + 0.5 } end)
  if input.n % 3 == 0 then rows:delete(id) end
  run:sleep("1s")
  rows:insert { n = input.n }
end)
`;
const points = crashNames(/^(lane|flow)\./);

async function entries(s) {
  const all = [];
  for (let after; ;) {
    const page = await s.must('audit', 'list', '--limit', 1000, ...(after ? ['--after', after] : []), '--kind', 'table:audited.row');
    all.push(...page.items);
    if (!(after = page.next)) return all.reverse();
  }
}

describe('the audit after kill -9', () => {
  for (const point of points)
    it(point, { timeout: 60000 }, async () => {
      const dir = folder();
      plugin(dir, 'audited', SOURCE);
      const s = new Service(dir);
      await s.start();
      await s.admin();
      for (const k of [1, 3, 20]) {
        if (await startTo(s, `${point}:${k}`))
          for (let i = 0; !s.gone && i < 200; i++) {
            const n = 3 * Math.random() * 1e6 | 0;
            await Promise.all([0, 1, 2].map((j) => s.request('POST', '/api/runs', { flow: 'audited.write', input: { n: n + j } }).catch(() => null)));
          }
        await dies(s, `${point}:${k}`);
        await s.start();
      }
      for (let n = 0; n < 20; n++) await s.request('POST', '/api/runs', { flow: 'audited.write', input: { n } });
      // Until all have come to their end: what is written after the audit was read is not in what was read.
      await s.until1('they end', async () => (await s.must('flow', 'list', '--state', 'running')).length === 0, 30000);
      assert.deepEqual(await s.must('verify'), []);
      const there = new Set();
      for (const e of await entries(s)) {
        assert.equal(there.has(e.id), e.verb === 'storage.delete');
        if (e.verb === 'storage.insert') there.add(e.id);
        else there.delete(e.id);
      }
      await s.stop();
      const rows = sqlite(s.data, 'select id from p_audited__row').split('\n').filter(Boolean);
      assert.ok(rows.length > 10);
      assert.deepEqual(rows.map(Number).sort(), [...there].sort());
    });
});
