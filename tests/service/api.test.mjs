// khung api: what it prints is whole and true, and a published signature does not change in silence.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, TOP, folder } from '../lib/khung.mjs';

const khung = (...args) => execFileSync(KHUNG, ['api', ...args], { encoding: 'utf8', maxBuffer: 1 << 24 });
const api = JSON.parse(khung('--json'));

const type = (p) => {
  const keys = p.keys ? `{${p.keys.map((k) => `${k.name}:${type(k)}`).join(',')}}` : '';
  return p.type + keys + (p.required ? '!' : '');
};
const signature = (f) =>
  `${f.name}(${f.arguments.map((a) => `${a.name}:${type(a)}`).join(' ')}) ${f.returns}`.trim() +
  (f.needs ? ` needs ${f.needs}` : '');

// KHUNG_UPDATE=1 records a new function or option; the diff shows what the change means for plugins that exist.
test('the signatures of a level are those that were recorded', () => {
  const file = join(TOP, 'tests/service/api-level-1.txt');
  const now = api.filter((f) => f.since === 1).map(signature).join('\n') + '\n';
  if (process.env.KHUNG_UPDATE) writeFileSync(file, now);
  assert.equal(now, readFileSync(file, 'utf8'));
});

test('each function stands in the reference with its own example and every option', () => {
  const text = khung('--markdown');
  for (const f of api) {
    const from = text.indexOf(`### \`${f.name}(`);
    assert.ok(from >= 0, f.name);
    const section = text.slice(from, text.indexOf('\n### ', from + 1));
    assert.ok(section.includes(f.doc), `${f.name}: its line`);
    assert.match(section, /```lua\n[^`]+\n```/, `${f.name}: its example`);
    for (const a of f.arguments) for (const k of a.keys ?? []) assert.ok(section.includes(`- \`${k.name}\``), `${f.name}: ${k.name}`);
  }
});

test('each event that is told stands in the reference', () => {
  const text = khung('--markdown');
  const listed = new Set([...text.matchAll(/^- `((?:content|task)\.\w+)`: /gm)].map((m) => m[1]));
  const told = new Set(['content', 'flow'].flatMap((f) =>
    [...execFileSync('sh', ['-c', `cat core/${f}/*.c`], { cwd: TOP, encoding: 'utf8' })
      .matchAll(/(?:tell|content_event)\([^;]*?"((?:content|task)\.\w+)"|"(content\.before_\w+)", "(content\.\w+)"/g)].flatMap((m) => m.slice(1))).filter(Boolean));
  assert.ok(told.size > 15, `only ${told.size} were found`);
  for (const name of told) assert.ok(listed.has(name), name);
});

test('the files for editors are Lua and define each function, in specs too', () => {
  const dir = folder();
  const paths = khung('--lua', join(dir, 'editor')).trim().split('\n');
  assert.deepEqual(paths, ['khung.lua', 'khung_spec.lua'].map((name) => join(dir, 'editor', name)));
  execFileSync('luacheck', ['--quiet', '--no-self', '--no-unused', '--no-global', '--no-max-line-length', ...paths]);
  const text = paths.map((path) => readFileSync(path, 'utf8')).join('\n');
  for (const name of ['describe', 'it', 'before_each', 'Test:fetch_answers', 'Test:snapshot', 'Test:as']) assert.ok(text.includes(`\nfunction ${name}(`), name);
  for (const f of api) {
    const [, noun, name] = f.name.match(/^(\w+):(\w+)$/) ?? [];
    assert.ok(noun ? text.match(new RegExp(`^function \\w+:${name}\\(`, 'm')) : text.includes(`\nfunction ${f.name}(`), f.name);
  }
  // Every class that is named is defined.
  const defined = new Set([...text.matchAll(/^---@class (khung\.[\w.]+)/gm)].map((m) => m[1]));
  const used = [...text.matchAll(/^---@(?:param|return|field) .*$/gm)].flatMap((m) => [...m[0].matchAll(/khung\.[\w.]*\w/g)].map((x) => x[0]));
  for (const name of used) assert.ok(defined.has(name), `${name} is used, but not defined`);
});
