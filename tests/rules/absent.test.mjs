// Runs of a plugin that does not serve: they are held with a reason, do not fail for want of their tables, and go on by
// themselves when it serves again.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { dies } from '../lib/crash.mjs';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';

// It sleeps longer than what is done before it is over takes where the disk is slow.
const source = (time) => `
local rows = storage.table("row", { fields = { what = "text!" } })
flow.define("visit", { retry = { times = 0 } }, function(run)
  rows:insert { what = "in" }
  run:sleep("${time}")
  rows:insert { what = "out" }
end)`;

async function office(time = '1h') {
  const dir = folder();
  plugin(dir, 't', source(time), { needs: '{ "flow", "storage" }' });
  const s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  s.comes = async (id, want) => {
    for (let i = 0; ; i++) {
      const r = await s.flow(id);
      if ((r.held ?? r.state) === want) return r;
      assert.ok(i < 300, JSON.stringify(r));
      await pause(20);
    }
  };
  s.whats = () => sql(s.data, 'select what from p_t__row order by id').map((r) => r.what);
  s.due = (id) => sql(s.data, `select due from flow_run where id = ${id}`)[0].due;
  return s;
}

describe('a run of a plugin that does not serve', () => {
  it('is not failed by a command that knows other plugins, while no service runs', async () => {
    const s = await office('3s'), id = await s.startFlow('t.visit');
    await s.kill();
    while (s.due(id) > Date.now()) await pause(20);
    mkdirSync(join(s.dir, 'none'));
    const [seen] = await s.must('flow', 'list', '--plugins', join(s.dir, 'none'));
    assert.deepEqual([seen.state, seen.attempts, seen.error], ['running', undefined, undefined]);
    await s.start();
    await s.comes(id, 'completed');
    assert.deepEqual([s.whats(), await s.must('verify')], [['in', 'out'], []]);
    await s.stop();
  });

  it('is held with its reason while the folder is away, and goes on when it is back', async () => {
    const s = await office('3s'), home = join(s.dir, 'plugins/t'), away = join(s.dir, 'away');
    const id = await s.startFlow('t.visit');
    renameSync(home, away);
    await s.must('plugin', 'reload');
    assert.deepEqual(await s.must('plugin', 'list'), []);
    await s.comes(id, 'absent');
    await s.restart();
    await s.comes(id, 'absent');
    assert.deepEqual([s.whats(), s.due(id), await s.must('verify')], [['in'], null, []]);
    renameSync(away, home);
    await s.must('plugin', 'reload');
    await s.comes(id, 'completed');
    assert.deepEqual([s.whats(), await s.must('verify')], [['in', 'out'], []]);
    await s.stop();
  });

  for (const point of ['breaker.before_row:1', 'breaker.after_row:1', 'flow.before_save:1', ...['breaker.after_row:1', 'flow.before_save:1'].flatMap((p) => [`${p}>lane.before_commit`, `${p}>lane.after_commit`])])
    it(`goes on although the process is killed at ${point} when its plugin is back`, async () => {
      const s = await office(), home = join(s.dir, 'plugins/t'), away = join(s.dir, 'away');
      const id = await s.startFlow('t.visit');
      renameSync(home, away);
      s.config.clock_offset = 2 * 3600000;
      await s.restart({ KHUNG_CRASH_AT: point });
      await s.comes(id, 'absent');
      renameSync(away, home);
      await s.request('POST', '/api/plugins/t/reload').catch(() => null);
      await dies(s, point);
      await s.start();
      await s.comes(id, 'completed');
      assert.deepEqual([s.whats(), await s.must('verify')], [['in', 'out'], []]);
      await s.stop();
    });
});
