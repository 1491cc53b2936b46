// Killed on the way of the anchor's mail: it arrives, and twice only under the same Message-ID.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Service, folder, pause } from '../lib/khung.mjs';
import { Sink } from '../lib/sink.mjs';
import { sql } from '../lib/erasure.mjs';

describe('the anchor of the day after kill -9', () => {
  for (const point of ['notify.before_anchor:1', 'notify.before_anchor:2', 'notify.after_anchor:2', 'lane.before_commit:2', 'lane.after_commit:1', 'lane.after_commit:2',
    'outbox.before_send:1', 'outbox.after_send:1', 'outbox.before_result:1'])
    it(point, { timeout: 60000 }, async (t) => {
      const sink = await Sink.start();
      t.after(() => sink.stop());
      const s = new Service(folder(), { config: { mail_server: `smtp://127.0.0.1:${sink.port}`, mail_tls: 'off', mail_from: 'khung@example.org',
        audit_anchor_mail: 'archive@example.org,board@example.org' } });
      await s.start();
      await s.admin();
      await sink.until(2);
      sink.mails.length = 0;
      for (let i = 0; i < 200 && sql(s, 'select count(*) from outbox') !== '0'; i++) await pause(25);
      await s.stop();
      s.config.clock_offset = 86400000;
      await s.start({ KHUNG_CRASH_AT: point }).catch(() => null);
      if (!s.gone) await s.cli('user', 'add', 'u');
      await Promise.race([s.ended, pause(10000)]);
      assert.equal(s.gone?.signal, 'SIGKILL', 'the point is passed');
      s.config.clock_offset += 300000; // past the lease
      await s.start();
      await s.cli('user', 'add', 'w');
      for (let i = 0; i < 400 && (new Set(sink.mails.map((m) => m.to[0])).size < 2 || sql(s, 'select count(*) from outbox') !== '0'); i++) await pause(25);
      await pause(200);
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
