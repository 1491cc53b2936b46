// Flags of the command line: a command knows those that its usage names, and refuses others before it does anything.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, folder, serve } from '../lib/khung.mjs';

const dir = folder(), data = join(dir, 'data');
const khung = (...words) => spawnSync(KHUNG, [...words, '--data', data, '--lang', 'en'], { encoding: 'utf8', cwd: dir, timeout: 60000 });

// "khung org merge UNIT … --into UNIT [--dry-run]" → { words, flags: [{ name, bare }] }
const commands = khung('help').stdout.split('\n').filter((l) => l.startsWith('khung ')).map((line) => {
  const usage = line.split(/ {3,}/)[0];
  const [, noun, verb] = /^khung ([a-z-]+)(?: ([a-z-]+))?/.exec(usage);
  const flags = [...usage.matchAll(/(?:--([a-z-]+)|(-o)\b)( [A-Za-z0-9"]|=)?/g)].map(([, name, short, value]) => ({ name: name ?? (short && 'out'), bare: !value }));
  return { usage, words: verb ? [noun, verb] : [noun], flags };
});

test('there are many commands, and what they name is read', () => {
  assert.ok(commands.length > 80, `${commands.length}`);
  assert.ok(commands.flatMap((c) => c.flags).length > 150);
});

test('each command refuses a flag that it does not know, shows its usage, and does nothing', () => {
  for (const { words, usage } of commands) {
    const r = khung(...words, '--nonsense', 'x');
    assert.equal(r.status, 2, `${usage}: ${r.status} ${r.stderr}`);
    if (words[0] === 'x') continue; // its flags are the arguments of a plugin's command
    assert.match(r.stderr, /--nonsense|no setting nonsense/, usage);
    if (words[0] !== 'serve') assert.ok(r.stderr.includes(`khung ${words.join(' ')}`), `${usage}: ${r.stderr}`);
  }
  assert.ok(!readdirSync(dir).includes('data'), 'no data directory was made');
});

test('a slip is told what was meant', () => {
  for (const { words, flags, usage } of commands)
    for (const { name } of flags) {
      if (name.length < 6 || words[0] === 'serve') continue;
      const slip = name.slice(0, -1) + (name.endsWith('x') ? 'y' : 'x');
      const r = khung(...words, `--${slip}`, 'x');
      assert.equal(r.status, 2, `${usage} --${slip}`);
      assert.match(r.stderr, new RegExp(`Did you mean --${name}\\?`), `${usage} --${slip}: ${r.stderr}`);
    }
});

test('a flag that stands in the usage without a value takes none', () => {
  for (const { words, flags, usage } of commands)
    for (const { name } of flags.filter((f) => f.bare)) {
      if (words[0] === 'serve') continue;
      const r = khung(...words, `--${name}`, '--nonsense', 'x');
      assert.match(r.stderr, /no flag --nonsense/, `${usage} --${name} took a value: ${r.stderr}`);
    }
});

test('--until is a word of the command line and of REST; Lua\'s until_ is known, too', async () => {
  const s = await serve({ config: { lang: 'en' } });
  await s.admin();
  await s.must('delegation', 'add', '--from', 'boss', '--to', 'guest', '--until', '2198-12-31');
  await s.must('user', 'role', 'boss', 'organiser');
  const given = await s.request('POST', '/api/delegations', { from: 'boss', to: 'guest', since: '2199-01-01', until: '2199-02-01' });
  assert.equal(given.status, 201, given.text);
  assert.equal((await s.request('POST', '/api/delegations', { from: 'boss', to: 'guest', since: '2199-03-01', until_: '2199-04-01' })).status, 201);
  const list = await s.must('delegation', 'list', '--at', '2199-01-05');
  assert.deepEqual(list.map((d) => d.until), ['2199-02-01']);
  const body = (await s.request('GET', '/api/openapi.json')).json.paths['/api/delegations'].post.requestBody.content['application/json'].schema;
  assert.ok(body.properties.until && !body.properties.until_ && body.required.includes('until'));
  await s.stop();
});
