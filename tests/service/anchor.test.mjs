// The anchor of the day leaves the machine: by mail, once, and on paper; and what was kept proves what it should.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Service, folder, pause } from '../lib/khung.mjs';
import { Sink } from '../lib/sink.mjs';
import { sql } from '../lib/erasure.mjs';

const DAY = 86400000;
const mail = (sink, more = {}) => ({ mail_server: `smtp://127.0.0.1:${sink.port}`, mail_tls: 'off', mail_from: 'khung@example.org', lang: 'en', ...more });

test('a day that changes something mails its anchor to each address, once; a restart and a second change mail nothing more', async (t) => {
  const sink = await Sink.start();
  t.after(() => sink.stop());
  const s = new Service(folder(), { config: mail(sink, { audit_anchor_mail: 'archive@example.org, board@example.org' }) });
  await s.start();
  await s.admin();
  await sink.until(2);
  for (let day = 1; day <= 2; day++) {
    await s.stop();
    s.config.clock_offset = day * DAY;
    await s.start();
    await s.must('user', 'add', `u${day}`);
    await s.must('user', 'add', `v${day}`);
    await sink.until(2 + 2 * day);
    await s.restart();
  }
  await pause(500);
  assert.equal(sink.mails.length, 6);
  assert.deepEqual(sink.mails.map((m) => m.to[0]).toSorted(), [...Array(3).fill('archive@example.org'), ...Array(3).fill('board@example.org')]);
  const anchors = await s.must('audit', 'anchors');
  for (const { anchor, day } of anchors) {
    const mine = sink.mails.filter((m) => m.text.includes(anchor));
    assert.equal(mine.length, 2);
    assert.match(mine[0].subject, new RegExp(`^Anchor of the audit, ${day}: row ${anchor.split(':')[0]}$`));
    assert.match(mine[0].text, new RegExp(`khung audit verify --anchor\\s+${anchor}`));
    assert.equal((await s.must('audit', 'verify', '--anchor', anchor)).whole, true);
  }
  await s.stop();
  // A chain made anew up to here fits itself, and not what was mailed.
  const row = anchors[0].anchor.split(':')[0];
  sql(s, `delete from audit_anchor where audit >= ${row}; delete from audit where id >= ${row}; delete from audit_index where audit >= ${row}; update audit_indexed set audit = ${row} - 1`);
  await s.start();
  assert.equal((await s.must('audit', 'verify')).whole, true);
  assert.equal((await s.cli('audit', 'verify', '--anchor', anchors[0].anchor)).code, 1);
  await s.stop();
});

test('without addresses nothing is mailed, nor afterwards of the days before', async (t) => {
  const sink = await Sink.start();
  t.after(() => sink.stop());
  const s = new Service(folder(), { config: mail(sink) });
  await s.start();
  await s.admin();
  await s.stop();
  s.config.clock_offset = DAY;
  await s.start();
  await s.must('user', 'add', 'u');
  await s.stop();
  s.config.audit_anchor_mail = 'archive@example.org';
  await s.start();
  await s.must('user', 'add', 'v');
  await pause(700);
  assert.equal(sink.mails.length, 0);
  assert.equal((await s.must('audit', 'anchors')).length, 2);
  await s.stop();
});

test('an address that is none, or no mail server, is told at the start', async () => {
  for (const config of [{ audit_anchor_mail: 'archive@example.org' }, { mail_server: 'smtp://127.0.0.1:1', mail_from: 'k@example.org', audit_anchor_mail: 'a@example.org, not one' }]) {
    const s = new Service(folder(), { config });
    await assert.rejects(s.start(), /audit_anchor_mail/);
  }
});

test('the anchor on paper: what is printed is verified, and there is none before the first change', async () => {
  const s = new Service(folder(), { config: { lang: 'en' } });
  await s.start();
  assert.match((await s.cli('audit', 'anchor', '--print')).err, /no anchor|Chưa có mốc/);
  await s.admin();
  await s.stop();
  s.config.clock_offset = DAY;
  await s.start();
  await s.must('user', 'add', 'u');
  const text = await s.text('--lang', 'en', 'audit', 'anchor', '--print');
  const printed = /khung audit verify --anchor \\\n +(\d+:[0-9a-f]{64})/.exec(text);
  assert.ok(printed, text);
  assert.match(text, /signature/);
  assert.ok(text.split('\n').every((line) => [...line].length <= 80), 'a sheet of paper has room for it');
  assert.equal((await s.must('audit', 'verify', '--anchor', printed[1])).whole, true);
  const vi = await s.text('--lang', 'vi', 'audit', 'anchor', '--print');
  assert.match(vi, /chữ ký/);
  assert.ok(vi.split('\n').every((line) => [...line].length <= 80));
  await s.stop();
});
