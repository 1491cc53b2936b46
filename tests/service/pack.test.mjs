// Packs: made, trusted, looked at, installed into a running service; and all that must not be installed.
import { before, after, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, ftruncateSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, plugin, serve } from '../lib/khung.mjs';

const source = (text) => `
flow.define("greet", { title = "Greet" }, function(run) return { text = "${text}" } end)
flow.define("wait", { title = "Wait" }, function(run) run:wait("go") return { text = "${text}" } end)
`;

describe('packs', () => {
  let s, author, key, secret;
  const pack = (name, version, text, more = {}) => {
    plugin(author, name, text, { version: `"${version}"`, ...more });
    return join(author, `${name}-${version}.khung`);
  };
  const write = async (name, file, dir = join(author, 'plugins', name)) => s.must('plugin', 'pack', dir, '--key', secret, '-o', file);
  const install = (file, ...more) => s.cli('plugin', 'install', file, '--plugins', s.plugins, '--lang', 'en', ...more);
  const refused = async (file, words, ...more) => {
    const before = files(), r = await install(file, ...more);
    assert.equal(r.code, 1, r.out);
    assert.match(r.err, words);
    assert.deepEqual(files(), before);
  };
  // What is in the folder of plugins, hidden ones too.
  const files = (dir = s.plugins) => readdirSync(dir, { withFileTypes: true })
    .flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : [[join(dir, e.name), readFileSync(join(dir, e.name), 'utf8')]])).sort();
  const active = async (name) => (await s.must('plugin', 'list')).filter((p) => p.name === name && p.state === 'active').map((p) => p.version);

  before(async () => {
    author = folder();
    s = await serve();
    secret = join(author, 'lan.secret');
    key = (await s.must('plugin', 'keygen', secret)).key;
  });
  after(() => s.stop());

  it('a secret key is for its owner alone and is never overwritten', async () => {
    assert.equal(key.length, 43);
    execFileSync('test', ['600', '=', execFileSync('stat', ['-c', '%a', secret], { encoding: 'utf8' }).trim()]);
    const text = readFileSync(secret, 'utf8');
    assert.equal((await s.cli('plugin', 'keygen', secret)).code, 1);
    assert.equal(readFileSync(secret, 'utf8'), text);
    assert.ok(!text.includes(key));
  });

  it('the same folder gives the same bytes, whatever the times and the order of its files', async () => {
    const one = pack('p', '1.0.0', source('one'));
    await write('p', one);
    const copy = join(author, 'copy/p');
    mkdirSync(copy, { recursive: true });
    for (const f of ['plugin.lua', 'init.lua']) {
      writeFileSync(join(copy, f), readFileSync(join(author, 'plugins/p', f)));
      utimesSync(join(copy, f), 1, 1);
    }
    await write('p', `${one}.again`, copy);
    assert.deepEqual(readFileSync(`${one}.again`), readFileSync(one));
    assert.match(readFileSync(one, 'latin1'), new RegExp(`^khung-pack 1\nkey ${key}\nname p\nversion 1.0.0\nfile \\d+ [0-9a-f]{64} init.lua\n`));
  });

  it('a key that is not trusted is named, with the command that trusts it', async () => {
    await refused(join(author, 'p-1.0.0.khung'), new RegExp(`khung plugin trust ${key}`));
  });

  it('a dry run says what would change and changes nothing', async () => {
    assert.deepEqual(await s.must('plugin', 'trust', key, '--name', 'Lan'), [{ key, name: 'Lan' }]);
    const r = await install(join(author, 'p-1.0.0.khung'), '--dry-run');
    assert.equal(r.code, 0, r.err);
    assert.equal(r.json.installed, false);
    assert.deepEqual(r.json.files_added, ['init.lua', 'plugin.lua']);
    assert.deepEqual(files(), []);
  });

  it('is installed into the running service', async () => {
    const r = await install(join(author, 'p-1.0.0.khung'));
    assert.equal(r.code, 0, r.err);
    assert.equal(r.json.service, 'active');
    assert.deepEqual(await active('p'), ['1.0.0']);
    assert.equal((await s.until(await s.startFlow('p.greet'), 'completed')).result.text, 'one');
  });

  it('a new version takes its place; a run that waits keeps its source', async () => {
    const waiting = await s.startFlow('p.wait');
    const two = pack('p', '1.10.0', source('two'), { needs: '{ "flow", "storage" }' });
    await write('p', two);
    const dry = (await install(two, '--dry-run')).json;
    assert.deepEqual([dry.old, dry.new], ['1.0.0', '1.10.0']);
    assert.deepEqual(dry.needs_removed.sort(), ['content', 'people']);
    assert.deepEqual([dry.files_added, dry.files_changed, dry.files_removed], [[], ['init.lua', 'plugin.lua'], []]);
    assert.deepEqual([dry.runs_moving, dry.runs_keeping], [1, 0], 'the run that waits was tried against the pack');
    const r = await install(two);
    assert.equal(r.code, 0, r.err);
    assert.equal((await s.until(await s.startFlow('p.greet'), 'completed')).result.text, 'two');
    await s.must('flow', 'signal', waiting, 'go');
    assert.equal((await s.until(waiting, 'completed')).result.text, 'one');
  });

  it('an older version is refused, but for --force', async () => {
    const nine = pack('p', '1.9.0', source('nine'));
    await write('p', nine);
    await refused(nine, /1\.10\.0.*1\.9\.0/s);
    assert.equal((await install(nine, '--force')).code, 0);
    assert.deepEqual(await active('p'), ['1.9.0']);
  });

  it('what does not load is refused with file and line, and the old one serves on', async () => {
    const bad = pack('p', '2.0.0', 'flow.define("greet" this is no Lua');
    await write('p', bad);
    await refused(bad, /init\.lua:1/);
    assert.equal((await s.until(await s.startFlow('p.greet'), 'completed')).result.text, 'nine');
  });

  it('one that requires another is tried beside it', async () => {
    const more = { requires: '{ p = ">=1.0" }' };
    const file = pack('q', '1.0.0', 'local x = 1', more);
    await write('q', file);
    assert.equal((await install(file)).code, 0);
    assert.deepEqual(await active('q'), ['1.0.0']);
    const lost = pack('r', '1.0.0', 'local x = 1', { requires: '{ nobody = ">=1.0" }' });
    await write('r', lost);
    await refused(lost, /requires nobody/);
  });

  it('a changed pack, one of an unknown kind, a pipe and a bomb are refused', { timeout: 10000 }, async () => {
    const bytes = readFileSync(join(author, 'p-1.10.0.khung')), file = join(author, 'x.khung');
    bytes[bytes.length - 100] ^= 1;
    writeFileSync(file, bytes);
    await refused(file, /damaged/);
    writeFileSync(file, 'PK\x03\x04');
    await refused(file, /no pack/);
    execFileSync('mkfifo', [join(author, 'pipe')]);
    await refused(join(author, 'pipe'), /no pack/);
    ftruncateSync(openSync(join(author, 'bomb'), 'w'), 40 * 2 ** 30);
    await refused(join(author, 'bomb'), /not read/);
  });

  it('a folder with a link or a strange name is not packed', async () => {
    pack('t', '1.0.0', 'local x = 1');
    symlinkSync('/etc/passwd', join(author, 'plugins/t/secrets.lua'));
    let r = await s.cli('plugin', 'pack', join(author, 'plugins/t'), '--key', secret, '-o', join(author, 't'), '--lang', 'en');
    assert.equal(r.code, 1);
    assert.match(r.err, /secrets\.lua is a link/);
    pack('u', '1.0.0', 'local x = 1');
    writeFileSync(join(author, 'plugins/u/a b.lua'), '');
    r = await s.cli('plugin', 'pack', join(author, 'plugins/u'), '--key', secret, '-o', join(author, 'u'), '--lang', 'en');
    assert.match(r.err, /a b\.lua/);
    assert.ok(!existsSync(join(author, 'u')));
  });

  it('trust that was taken back is gone', async () => {
    await s.must('plugin', 'trust', '--remove', key);
    assert.deepEqual(await s.must('plugin', 'trust', '--list'), []);
    await refused(join(author, 'p-1.10.0.khung'), /not trusted/);
  });

  it('works without a service as well', async () => {
    await s.must('plugin', 'trust', key);
    await s.stop();
    const r = await install(join(author, 'p-1.10.0.khung'));
    assert.equal(r.code, 0, r.err);
    assert.equal(r.json.service, 'not running');
    await s.start();
    assert.deepEqual(await active('p'), ['1.10.0']);
  });
});
