// khung check: mistakes are found in the text, with file, line, column, code and remedy, before anything runs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { NEEDS as ALL, mistakes } from '../lib/mistakes.mjs';
import { fields } from '../lib/mistakes_fields.mjs';
import { KHUNG, TOP, folder, pause, plugin, serve, sqlite, write } from '../lib/khung.mjs';

// Without a data directory that was ever used, unless one is named.
function check(plugins, ...words) {
  const data = words.includes('--data') ? [] : ['--data', join(plugins.split(':')[0], 'no-data')];
  const r = spawnSync(KHUNG, ['check', ...words, ...data, '--plugins', plugins, ...(words.includes('--lang') ? [] : ['--lang', 'en'])], { encoding: 'utf8' });
  return { ...r, json: words.includes('--json') ? JSON.parse(r.stdout) : undefined };
}

const source = `local nowhere = require "bad.nowhere"
local steps = require "awards.steps"
flow.define("main", { input = { n = "integer!" } }, function(run, input)
  content.creat("article", {})
  content.get("article")
  content.get("article", 1, {}, 2)
  content.find("article", {}, { limt = 5 })
  run:ask { to = 1, titel = "x" }
  run:sleeep("1d")
  run:sleep(5, 6)
  json.encode({}, "pretty")
  log.info(t"missing.key")
  input:nothing()
  undefined_name()
  return nowhere, steps
end)
`;

test('each kind of mistake is found where it is', () => {
  const dir = folder();
  plugin(dir, 'bad', source, { needs: '{ "flow", "schedule" }' });
  write(join(dir, 'plugins/bad/locale/vi.lua'), 'return { only = "x" }\n');
  const r = check(join(dir, 'plugins'), '--json');
  assert.equal(r.status, 1);
  const found = r.json.map((f) => `${f.file.split('/bad/')[1]}:${f.line}:${f.column} ${f.severity} ${f.code}`);
  assert.deepEqual(found, [
    'init.lua:1:17 error check.module',
    'init.lua:2:15 error check.module_none',
    'init.lua:4:3 error check.unknown_meant',
    'init.lua:5:3 error check.argument_missing',
    'init.lua:5:3 error check.need',
    'init.lua:6:3 error check.arguments',
    'init.lua:7:3 error check.need',
    'init.lua:7:33 error check.option_meant',
    'init.lua:8:21 error check.option_meant',
    'init.lua:9:7 error check.unknown_meant',
    'init.lua:10:3 error check.arguments',
    'init.lua:11:19 error check.type',
    'init.lua:12:13 error check.text',
    'init.lua:12:13 error check.text',
    'init.lua:13:9 warning check.method',
    'init.lua:14:3 error check.unknown',
    'locale/vi.lua:1:10 warning check.text_one',
    'plugin.lua:5:21 warning check.need_unused',
  ]);
  const of = (code) => r.json.find((f) => f.code === code).message;
  assert.match(of('check.unknown_meant'), /content\.creat.*Did you mean content\.create\?/);
  assert.match(of('check.option_meant'), /limt.*Did you mean limit\?/);
  assert.match(of('check.need'), /Add "content" to needs in plugin\.lua/);
});

for (const [name, m] of Object.entries({ ...mistakes, ...fields }))
  test(`${name}: is found, with a remedy in the author's language`, () => {
    const dir = folder();
    const file = (path, text) => write(join(dir, 'plugins/m', path), text);
    file('plugin.lua', `return {\n  name = "m", version = "1.0.0", api = 1, title = { vi = "M", en = "M" },\n  needs = ${m.needs ?? ALL},\n${m.extra ?? ''}}\n`);
    file('init.lua', m.source);
    file('steps.lua', 'return {}\n');
    if (m.org) write(join(dir, 'org.json'), JSON.stringify(m.org));
    for (const lang of ['vi', 'en']) file(`locale/${lang}.lua`, 'return { ask = "{who}", ["request.ask"] = "?" }\n');
    const told = (lang) => check(join(dir, 'plugins'), '--json', '--lang', lang).json.filter((f) => f.code !== 'check.need_unused');
    const en = told('en'), vi = told('vi');
    assert.deepEqual([...new Set(en.map((f) => `${f.file.split('/m/')[1]}:${f.line}:${f.column} ${f.code}`))], m.found);
    for (const [i, f] of en.entries()) {
      assert.notEqual(f.message, vi[i].message);
      assert.match(vi[i].message, /[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđ]/, vi[i].message);
      assert.doesNotMatch(f.message + vi[i].message, /[{}]\w+}|check\./, 'every value is filled in');
    }
  });

test('a line for editors: file:line:column: severity: message [code]', () => {
  const dir = folder();
  plugin(dir, 'bad', 'flow.define("x", {}, function(run)\n  local = 5\nend)\n', { needs: '{ "flow" }' });
  const r = check(join(dir, 'plugins'));
  assert.equal(r.status, 1);
  assert.match(r.stdout, /bad\/init\.lua:2:9: error: .* \[check\.syntax\]\n/);
});

test('what only loading finds is told with its line', () => {
  const dir = folder();
  plugin(dir, 'bad', 'local kinds = { "txt" }\n\nstorage.table("x", { fields = { a = kinds[1] } })\n', { needs: '{ "storage" }' });
  const r = check(join(dir, 'plugins'));
  assert.equal(r.status, 1);
  assert.match(r.stdout, /bad\/init\.lua:3:1: error: .*txt.*\[field\.type\]/);
});

test('odd texts end in a finding, not in a crash', () => {
  for (const text of ['-- ' + 'x'.repeat(1 << 20), '('.repeat(100000), 'return "\xff\xfe"', '\x1bLua', `x = ${'{'.repeat(5000)}`]) {
    const dir = folder();
    plugin(dir, 'odd', text);
    const r = check(join(dir, 'plugins'));
    assert.ok(r.status === 0 || r.status === 1, `${r.signal} ${r.stderr.slice(0, 300)}`);
  }
});

test('the plugins that come with the program are clean, and one is checked by its name', () => {
  const plugins = ['plugins', 'examples/minimal/plugins', 'examples/rates/plugins', 'examples/thanh-hoa/plugins', 'examples/scouts/plugins'].map((p) => join(TOP, p)).join(':');
  const all = check(plugins, '--json');
  assert.deepEqual(all.json, []);
  assert.equal(all.status, 0);
  assert.match(check(plugins, 'awards').stdout, /^ok +awards [\d.]+\n$/);
  assert.equal(check(plugins, 'nobody').status, 1);
});

const NEEDS = { needs: '{ "flow", "storage" }' };

test('open runs are tried against a source before it serves: by the service, and without one', async () => {
  const dir = folder(), draft = folder();
  const source = (before, after) => `local seen = storage.table("seen", { fields = { what = "text!" } })
flow.define("main", {}, function(run)
  seen:insert { what = "${before}" }
  run:wait("go")
  return "${after}"
end)
`;
  plugin(dir, 'p', source('one', 'old'), NEEDS);
  const s = await serve({ dir });
  const ids = [await s.startFlow('p.main'), await s.startFlow('p.main')];
  await pause(50);
  const versions = JSON.stringify(await s.must('plugin', 'list'));
  const tried = (...words) => check(join(draft, 'plugins'), '--data', s.data, ...words);
  const both = () => {
    const lines = tried('p').stdout;
    assert.match(lines, /plugins\/p\/init\.lua:3:1: warning: Open runs of p\.main that differ at step 0: 2 \(first \d+\)\. Then table:insert \(p\/init\.lua:3\): what = "one"; now table:insert \(p\/init\.lua:3\): what = "two"\./);
    assert.match(lines, /open runs: 0 would move, 2 keep their version/);
    assert.equal(tried('p').status, 0, 'no run is harmed: a warning');
  };
  // A draft in a folder that the service does not know: one that fits, one that does not, one that fails.
  plugin(draft, 'p', source('one', 'new'), NEEDS);
  assert.match(tried('p').stdout, /^ok +p 1\.0\.0\n +open runs: 2 would move, 0 keep their version\n$/);
  plugin(draft, 'p', source('two', 'new'), NEEDS);
  both();
  plugin(draft, 'p', 'flow.define("other", {}, function() end)\n');
  assert.deepEqual(tried('p', '--json').json.filter((f) => /run/.test(f.code)).map((f) => f.code), ['check.run_stays']);
  assert.equal(JSON.stringify(await s.must('plugin', 'list')), versions, 'nothing serves by being tried');
  // The folder of the service itself, not reloaded yet; then without the service.
  plugin(draft, 'p', source('two', 'new'), NEEDS);
  plugin(dir, 'p', source('two', 'new'), NEEDS);
  both();
  await s.stop();
  const kept = () => sqlite(s.data, 'select (select group_concat(hash) from plugin_version), (select group_concat(serial) from plugin_set), (select group_concat(hash) from plugin_kept)');
  const before = kept();
  both();
  assert.equal(kept(), before, 'without the service, too');
  plugin(dir, 'p', source('one', 'old'), NEEDS);
  await s.start();
  assert.equal(JSON.stringify(await s.must('plugin', 'list')), versions);
  for (const id of ids) {
    await s.must('flow', 'signal', id, 'go');
    assert.equal((await s.until(id, 'completed')).result, 'old');
  }
  assert.deepEqual(await s.must('verify'), []);
  await s.stop();
});
