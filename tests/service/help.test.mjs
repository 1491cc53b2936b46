// khung help: every command is there, with what it does in the reader's language; heads of tables, too.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { folder, KHUNG, plugin, serve } from '../lib/khung.mjs';

const khung = (...words) => spawnSync(KHUNG, words, { encoding: 'utf8' });

test('each command is said in both languages', () => {
  const en = khung('help', '--lang', 'en').stdout, vi = khung('help', '--lang', 'vi').stdout;
  const commands = (text) => text.split('\n').filter((l) => l.startsWith('khung '));
  assert.ok(commands(en).length > 40);
  const usage = (text) => commands(text).map((l) => l.split(/ {3,}/)[0]);
  assert.deepEqual(usage(en), usage(vi));
  for (const text of [en, vi]) {
    const lines = text.split('\n');
    const silent = lines.filter((l, i) => l.startsWith('khung ') && !/ {2,}\S/.test(l) && !/^ {20,}\S/.test(lines[i + 1]));
    assert.deepEqual(silent, [], 'nothing is said of these');
  }
  assert.notEqual(en, vi);
});

test('help of one command has its lines alone, by help, --help and a wrong verb', () => {
  const flow = khung('help', 'flow', '--lang', 'en');
  assert.equal(flow.status, 0);
  assert.ok(flow.stdout.split('\n').every((l) => !l.startsWith('khung ') || l.startsWith('khung flow ')));
  assert.equal(khung('flow', '--help', '--lang', 'en').stdout, flow.stdout);
  const wrong = khung('flow', 'nix', '--lang', 'en');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /khung flow upgrade[^]*khung flow list/);
  assert.equal(khung('help', 'nix').status, 2);
  assert.equal(khung().status, 2);
});

test('tables and the doctor speak the language; JSON has names for programs', async () => {
  const dir = folder();
  plugin(dir, 'p', 'flow.define("wait", { title = "W" }, function(run) run:sleep("1d") end)', { needs: '{ "flow" }' });
  const s = await serve({ dir });
  await s.startFlow('p.wait');
  const vi = await s.text('flow', 'list', '--lang', 'vi');
  assert.match(vi, /^mã +plugin +luồng việc +trạng thái/);
  const [head, row] = vi.split('\n');
  assert.equal([...head].join('').indexOf('trạng thái'), row.indexOf('running'), 'columns stand below their heads');
  assert.match(await s.text('flow', 'list', '--lang', 'en'), /^id +plugin +flow +state/);
  assert.ok('state' in (await s.must('flow', 'list', '--lang', 'vi'))[0]);
  const doctor = await s.text('doctor', '--lang', 'vi');
  assert.match(doctor, /^ổn +máy/m);
  assert.match(doctor, /0 điều phát hiện/);
  await s.stop();
});
