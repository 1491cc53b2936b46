// Folders that are no plugins, or pretend to be: each is put beside a good plugin and loaded; the good one serves, what is wrong is told, nothing
// outside the folder is read, and nothing hangs.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Service, folder, sqlite } from '../lib/khung.mjs';
import { Victim } from './victim.mjs';

const MANIFEST = (name, more = '') => `return { name = "${name}", version = "1", api = 1, needs = { "flow", "storage" }, ${more} }\n`;
const INIT = 'flow.define("x", { title = "x" }, function() end)\n';

let s, victim, at;
const path = (...parts) => join(at, ...parts);
const bytes = (text) => Buffer.from(text, 'latin1');
const put = (name, files) => {
  mkdirSync(path(name), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(path(name), file, '..'), { recursive: true });
    writeFileSync(join(path(name), file), bytes(text));
  }
};
const plain = (name, more) => put(name, { 'plugin.lua': MANIFEST(name, more), 'init.lua': INIT });

// name of the folder, what is made, what is told of it: a state, or a text in the reason; null: it is no plugin.
const cases = [
  ['link_init', 'init.lua is a link out of the folder', () => { put('link_init', { 'plugin.lua': MANIFEST('link_init') }); symlinkSync('/etc/passwd', path('link_init/init.lua')); }, 'init.lua'],
  ['link_manifest', 'plugin.lua is a link out of the folder', () => { mkdirSync(path('link_manifest')); symlinkSync('/etc/passwd', path('link_manifest/plugin.lua')); }, 'plugin.lua'],
  ['link_folder', 'a folder of modules is a link', () => { plain('link_folder'); symlinkSync('/etc', path('link_folder/etc')); }, 'active'],
  ['link_loop', 'a folder that links to itself', () => { plain('link_loop'); symlinkSync('.', path('link_loop/again')); }, 'active'],
  ['fifo_init', 'init.lua is a pipe', () => { put('fifo_init', { 'plugin.lua': MANIFEST('fifo_init') }); execFileSync('mkfifo', [path('fifo_init/init.lua')]); }, 'init.lua'],
  ['fifo_manifest', 'plugin.lua is a pipe', () => { mkdirSync(path('fifo_manifest')); execFileSync('mkfifo', [path('fifo_manifest/plugin.lua')]); }, 'plugin.lua'],
  ['manifest_folder', 'plugin.lua is a folder', () => mkdirSync(path('manifest_folder/plugin.lua'), { recursive: true }), 'plugin.lua'],
  ['huge_file', 'a file of 1 GiB', () => { plain('huge_file'); writeFileSync(path('huge_file/x.lua'), ''); truncateSync(path('huge_file/x.lua'), 2 ** 30); }, 'large'],
  ['many_files', '600 files', () => { plain('many_files'); for (let i = 0; i < 600; i++) put('many_files', { [`m${i}.lua`]: 'return 1' }); }, 'large'],
  ['many_locales', '300 files of texts that take their time', () => { plain('many_locales'); for (let i = 0; i < 300; i++) put('many_locales', { [`locale/x${i}.lua`]: 'for _ = 1, 1e6 do end return {}' }); }, 'large'],
  ...[['tag', '{{?}}'], ['open', '{{#a}}{{#b}}{{/b}}'], ['crossed', '{{#a}}{{#b}}{{/a}}{{/b}}'], ['end', '<p>{{a'], ['raw', '{{{a}}}'], ['script', '<SCRIPT>{{a}}</SCRIPT>'],
    ['attribute', '<a href={{a}}>'], ['name', '<a {{a}}="x">'], ['quote', '<a "{{a}}">'], ['remark', '<!--><b {{a}}>'], ['half', '<a title="{{#a}}">{{/a}}'], ['deep', `${'{{#a}}'.repeat(17)}${'{{/a}}'.repeat(17)}`],
    ['many', '{{a}}'.repeat(6000)], ['text', '{{t:nothing}}'], ['word', '<a title="{{csrf}}">'], ['nul', 'a\0b'], ['long', `{{${'a'.repeat(300)}}}`]]
    .map(([kind, text]) => [`template_${kind}`, `a template that is wrong: ${kind}`,
      () => { plain(`template_${kind}`); put(`template_${kind}`, { 'templates/a.html': `<p>\n${text}` }); }, 'templates/a.html:2']),
  ['deep_folders', 'folders in folders', () => { plain('deep_folders'); mkdirSync(path('deep_folders', ...Array(60).fill('d')), { recursive: true }); }, 'active'],
  ['odd_names', 'names of files that are no text', () => { plain('odd_names'); execFileSync('sh', ['-c', `cd '${path('odd_names')}' && printf x > "$(printf '\\377\\376').lua" && printf x > "$(printf 'a\\nb').lua" && printf x > '; drop table.lua'`]); }, 'active'],
  ['content', 'the name of a part of the host', () => plain('content'), null],
  ['flow', 'the name of another part', () => plain('flow'), null],
  ['a b', 'a name with a blank', () => plain('a b'), null],
  ['x\'; drop table p_good__row; --', 'a name that is SQL', () => plain('x\'; drop table p_good__row; --'), null],
  ['good__row', 'a name that runs into another\'s tables', () => plain('good__row'), null],
  ['đẹp', 'a name that is not ASCII', () => plain('đẹp'), null],
  ['UPPER', 'a name in capitals', () => plain('UPPER'), null],
  ['n'.repeat(200), 'a very long name', () => plain('n'.repeat(200)), null],
  ['empty_files', 'empty files', () => put('empty_files', { 'plugin.lua': '', 'init.lua': '' }), 'name'],
  ['nul_bytes', 'text with NULs', () => put('nul_bytes', { 'plugin.lua': MANIFEST('nul_bytes'), 'init.lua': 'return "\0\0" \0' }), 'init.lua'],
];

describe('folders', { concurrency: false }, () => {
  before(async () => {
    const dir = folder();
    at = join(dir, 'plugins');
    Victim.install(dir);
    s = new Service(dir, { config: { log: 'json' } });
    await s.start();
    await s.admin();
    victim = new Victim(s);
  });
  after(() => s?.stop());

  for (const [name, what, make, told] of cases)
    it(what, { timeout: 15000 }, async () => {
      make();
      await s.cli('plugin', 'reload');
      const p = (await s.must('plugin', 'list')).find((x) => x.name === name);
      rmSync(path(name), { recursive: true });
      if (told === null) assert.notEqual(p?.state, 'active', JSON.stringify(p));
      else if (told === 'active') assert.equal(p?.state, 'active', JSON.stringify(p));
      else assert.ok(p?.state !== 'active' && `${p?.why} ${p?.where}`.includes(told), JSON.stringify(p));
      assert.doesNotMatch(JSON.stringify(p ?? ''), /root:/);
      await victim.one();
    });

  it('a plugin that has had 20,000 versions is loaded', async () => {
    await s.stop();
    sqlite(s.data, `with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000)
      insert into plugin_grant(plugin, hash, needs, how, at) select 'good', hex(n), '["flow","storage","people","content","report","schedule"]', 'first', n from c`);
    await s.start();
    assert.equal((await s.must('plugin', 'list')).find((p) => p.name === 'good').state, 'active');
    await victim.one();
  });

  it('the service is sound after all of them', async () => {
    assert.deepEqual(victim.errors, []);
    assert.deepEqual(await s.must('verify'), []);
    assert.deepEqual(await s.stop(), { code: 0, signal: null });
  });
});
