// khung new: what it makes works at once, and nothing that exists is overwritten.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, folder } from '../lib/khung.mjs';

const khung = (dir, ...args) => spawnSync(KHUNG, [...args, '--plugins', join(dir, 'plugins')], { encoding: 'utf8' });

test('a plugin, one more flow and a report load and pass their specs', () => {
  const dir = folder();
  for (const words of [['plugin', 'office'], ['flow', 'holiday', '--plugin', 'office'], ['report', 'below', '--plugin', 'office']]) {
    const made = khung(dir, 'new', ...words);
    assert.equal(made.status, 0, made.stderr);
    for (const line of made.stdout.trim().split('\n')) assert.ok(existsSync(line), line);
  }
  const check = khung(dir, 'check');
  assert.equal(check.status, 0, check.stdout + check.stderr);
  const specs = khung(dir, 'test');
  assert.equal(specs.status, 0, specs.stdout + specs.stderr);
  for (const name of ['request', 'holiday', 'below']) assert.ok(specs.stdout.includes(`${name}: `), name);
});

for (const lang of ['en', 'vi'])
  test(`what is made in ${lang} passes luacheck too, with comments and specs in that language`, () => {
    const dir = folder(), words = (...w) => khung(dir, ...w, '--lang', lang);
    for (const w of [['plugin', 'office'], ['flow', 'holiday', '--plugin', 'office'], ['report', 'below', '--plugin', 'office']])
      assert.equal(words('new', ...w).status, 0);
    assert.match(words('check').stdout, /^ok +office 0\.1\.0\n$/);
    const told = words('test').stdout;
    assert.match(told, lang === 'vi' ? /kết thúc với điều đã quyết định/ : /ends with what was decided/);
    const lint = spawnSync('luacheck', ['.', '--no-color'], { cwd: join(dir, 'plugins'), encoding: 'utf8' });
    assert.equal(lint.status, 0, lint.stdout);
    assert.match(lint.stdout, /0 warnings \/ 0 errors in \d\d files/);
    const text = readFileSync(join(dir, 'plugins/office/request.lua'), 'utf8') + readFileSync(join(dir, 'plugins/office/spec/below_spec.lua'), 'utf8');
    assert.doesNotMatch(text, /{{|}}\w|new\.text/);
    assert.equal(/[ạảấếệộợứừ]/.test(text), lang === 'vi', text);
    writeFileSync(join(dir, 'plugins/office/request.lua'), 'os.time()\nstorag.kv.get("x")\n');
    assert.match(spawnSync('luacheck', ['.', '--no-color'], { cwd: join(dir, 'plugins'), encoding: 'utf8' }).stdout, /request\.lua:1:1:.*'?os'?[^]*request\.lua:2:1:.*storag/);
  });

test('a second time changes nothing and says why', () => {
  const dir = folder();
  khung(dir, 'new', 'plugin', 'office');
  const before = readFileSync(join(dir, 'plugins/office/init.lua'), 'utf8');
  const plugin = khung(dir, 'new', 'plugin', 'office');
  const flow = khung(dir, 'new', 'flow', 'request', '--plugin', 'office');
  assert.equal(plugin.status, 1);
  assert.match(plugin.stderr, /exists already/);
  assert.equal(flow.status, 1);
  assert.match(flow.stderr, /request_spec\.lua exists already/);
  assert.equal(readFileSync(join(dir, 'plugins/office/init.lua'), 'utf8'), before);
});

test('odd names and missing plugins are refused with the remedy', () => {
  const dir = folder();
  for (const name of ['../x', 'Office', '1st', 'a b', 'x'.repeat(41)]) {
    const made = khung(dir, 'new', 'plugin', name);
    assert.equal(made.status, 1, name);
    assert.match(made.stderr, /Lower-case letters/);
  }
  assert.match(khung(dir, 'new', 'flow', 'x', '--plugin', 'nope').stderr, /khung new plugin nope/);
  assert.equal(khung(dir, 'new', 'flow', 'x').status, 2);
});
