// Killed on the way of the anchor's mail: it arrives, and twice only under the same Message-ID.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { dies, keep, startTo } from '../lib/crash.mjs';
import { Service, day, folder } from '../lib/khung.mjs';
import { Sink } from '../lib/sink.mjs';
import { sql } from '../lib/erasure.mjs';

const HOUR = 3600000, DAY = 24 * HOUR;
// Days begin at midnight in Asia/Ho_Chi_Minh: from noon on none begins while a test lasts.
const NOON = Date.parse(day()) + 5 * HOUR, atNoon = (days) => NOON + days * DAY - Date.now();
const isSent = (s) => s.until1('all mails are sent', () => sql(s, 'select count(*) from outbox') === '0', 20000);

describe('the anchor of the day after kill -9', () => {
  let sink, s, back;
  before(async () => {
    sink = await Sink.start();
    s = new Service(folder(), { config: { mail_server: `smtp://127.0.0.1:${sink.port}`, mail_tls: 'off', mail_from: 'khung@example.org',
      audit_anchor_mail: 'archive@example.org,board@example.org', clock_offset: atNoon(0) } });
    await s.start();
    await s.admin();
    await sink.until(2);
    await isSent(s);
    back = await keep(s);
  });
  after(() => sink.stop());

  for (const point of ['notify.before_anchor:1', 'notify.before_anchor:2', ...[1, 2].flatMap((k) => ['', '>lane.before_commit', '>lane.after_commit'].map((w) => `notify.after_anchor:${k}${w}`)),
    'lane.before_commit:1', 'lane.after_commit:1', ...['outbox.before_send:1', 'outbox.after_send:1', 'outbox.before_result:1', 'outbox.before_result:1>lane.before_commit', 'outbox.before_result:1>lane.after_commit']])
    it(point, { timeout: 60000 }, async () => {
      await back();
      await sink.told();
      sink.mails.length = 0;
      s.config.clock_offset = atNoon(1);
      if (await startTo(s, point)) await s.cli('user', 'add', 'u');
      await dies(s, point);
      s.config.clock_offset += 300000; // past the lease
      await s.start();
      await s.cli('user', 'add', 'w');
      await sink.until(1, (m) => m.to[0] === 'archive@example.org', 20000);
      await sink.until(1, (m) => m.to[0] === 'board@example.org', 20000);
      await isSent(s);
      await sink.told();
      assert.equal((await s.must('audit', 'anchors')).length, 2);
      await s.must('user', 'role', 'boss', 'auditor');
      const told = (await s.must('audit', 'list', '--verb', 'audit.anchor', '--limit', '100', '--as', 'boss')).items;
      assert.equal(told.length, 2, 'the chain tells of each, once');
      for (const to of ['archive@example.org', 'board@example.org']) {
        const had = sink.mails.filter((m) => m.to[0] === to);
        assert.ok(had.length >= 1 && had.length <= 2, `${to}: ${had.length}`);
        assert.equal(new Set(had.map((m) => m.headers['message-id'])).size, 1, to);
        if (!point.startsWith('outbox.')) assert.equal(had.length, 1, to);
      }
      assert.equal((await s.must('audit', 'verify')).whole, true);
      await s.stop();
    });
});
