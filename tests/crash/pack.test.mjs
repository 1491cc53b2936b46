// An installation that is killed at each of its steps leaves the old version or the new one, whole, and the next one
// clears away what it left.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crashNames } from '../lib/crash.mjs';
import { KHUNG, folder, plugin, write } from '../lib/khung.mjs';

const names = crashNames(/^pack\./);
const khung = (dir, words, env = {}) =>
  spawnSync(KHUNG, ['--data', join(dir, 'data'), '--plugins', join(dir, 'plugins'), '--json', ...words], { encoding: 'utf8', env: { ...process.env, ...env } });

// { path: text } of a plugin's folder.
const tree = (dir) => Object.fromEntries(readdirSync(dir, { recursive: true, withFileTypes: true })
  .filter((e) => e.isFile()).map((e) => [join(e.path ?? e.parentPath, e.name).slice(dir.length), readFileSync(join(e.path ?? e.parentPath, e.name), 'utf8')]));

describe('an installation killed', () => {
  assert.ok(names.length >= 6);
  for (const name of names)
    for (const first of [false, true])
      it(`at ${name}, ${first ? 'with nothing there before' : 'over an old version'}`, () => {
        const dir = folder(), author = folder(), secret = join(author, 'key');
        const key = JSON.parse(khung(dir, ['plugin', 'keygen', secret]).stdout).key;
        khung(dir, ['plugin', 'trust', key]);
        const make = (version) => {
          plugin(author, 'p', `local version = "${version}"`, { version: `"${version}"` });
          write(join(author, `plugins/p/part${version[0]}.lua`), `return ${version[0]}`);
          const r = khung(dir, ['plugin', 'pack', join(author, 'plugins/p'), '--key', secret, '-o', join(author, version)]);
          assert.equal(r.status, 0, r.stderr);
          return tree(join(author, 'plugins/p'));
        };
        const old = make('1.0.0'), fresh = make('2.0.0');
        if (!first) assert.equal(khung(dir, ['plugin', 'install', join(author, '1.0.0')]).status, 0);
        const killed = khung(dir, ['plugin', 'install', join(author, '2.0.0')], { KHUNG_CRASH_AT: `${name}:1` });
        assert.equal(killed.signal, 'SIGKILL', `${name} is never passed: ${killed.stderr}`);
        const found = readdirSync(join(dir, 'plugins')).filter((f) => f !== '.install');
        const after = ['pack.exchanged', 'pack.synced', 'pack.cleared'].includes(name);
        assert.deepEqual(found, first && !after ? [] : ['p']);
        if (found.length) assert.deepEqual(tree(join(dir, 'plugins/p')), after ? fresh : old);
        // What is left over is no plugin, and the next installation is whole.
        const list = JSON.parse(khung(dir, ['plugin', 'list']).stdout);
        assert.deepEqual(list.map((p) => [p.name, p.state]), found.map((f) => [f, 'active']));
        const again = khung(dir, ['plugin', 'install', join(author, '2.0.0')]);
        assert.equal(again.status, 0, again.stderr);
        assert.deepEqual(readdirSync(join(dir, 'plugins')), ['p']);
        assert.deepEqual(tree(join(dir, 'plugins/p')), fresh);
      });
});
