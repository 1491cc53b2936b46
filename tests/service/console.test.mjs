// khung console: lines of Lua in a plugin's environment, of a running service and without one.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { KHUNG, folder, plugin, serve } from '../lib/khung.mjs';

const source = `
local rows = storage.table("note", { fields = { text = "text!" } })
flow.define("add", { input = { text = "text!" } }, function(run, input) rows:insert { text = input.text } end)
`;

function lines(dir, text, ...flags) {
  const args = ['console', 'notes', '--data', join(dir, 'data'), '--plugins', join(dir, 'plugins'), ...flags];
  return spawnSync(KHUNG, args, { input: text, encoding: 'utf8', env: { ...process.env, LANG: 'en' } });
}

function check(dir) {
  const read = lines(dir, 'date.parse("2021-01-04").iso\nstorage.kv.set("a", 1)\nlocal n = 2 return n * 3\n');
  assert.match(read.stdout, /^2021-01-04\n6\n$/);
  assert.match(read.stderr, /storage\.kv\.set changes something.*console:1/);

  const write = lines(dir, 'storage.kv.set("a", { 1, 2 })\nstorage.kv.get("a")\nflow.start("add", { text = "x" })\n', '--write');
  assert.equal(write.status, 0, write.stderr);
  assert.deepEqual(lines(dir, 'storage.sql("select text from note")').stdout.match(/"text": ?"x"/)?.length, 1);

  // What a line breaks is gone with it: an error in the middle keeps nothing, a loop is stopped, the next line works.
  const broken = lines(dir, 'storage.kv.set("b", 1) error("no")\nstorage.kv.get("b")\nwhile true do end\n1 + 1\n', '--write');
  assert.match(broken.stdout, /^nil\n2\n$/);
  assert.match(broken.stderr, /no[\s\S]*longer than/);

  // Lines are taken until they make a program; an empty one, or the end, says that no more will come.
  const several = lines(dir, 'local n = 0\nfor i = 1, 3 do\n  if i > 1 then\n    error("at " .. i)\n  end\nend\n(function()\n  return 7\nend)()\n');
  assert.match(several.stderr, /at 2 \(console:3\)/);
  assert.match(several.stdout, /7\n$/);
  const cut = lines(dir, 'for i = 1, 3 do\n\n1 + 1\nlocal f = function(\n');
  assert.match(cut.stdout, /^2\n$/);
  assert.equal(cut.stderr.match(/near <eof>/g)?.length, 2);
}

test('with a running service', async () => {
  const dir = folder();
  plugin(dir, 'notes', source);
  const s = await serve({ dir });
  check(dir);
  await s.stop();
});

test('without a service', () => {
  const dir = folder();
  plugin(dir, 'notes', source);
  check(dir);
});

test('an unknown plugin is told, and the exit code is that of the last line', () => {
  const dir = folder();
  const unknown = lines(dir, '1');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /notes/);
});

test('at a terminal Tab completes names and Up brings back what was typed, the next time too', () => {
  const dir = folder();
  plugin(dir, 'notes', source);
  const script = 'import os,pty,sys\n'
    + 'pid, fd = pty.fork()\n'
    + 'if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n'
    + 'out = b""\n'
    + 'def until(text):\n'
    + '  global out\n'
    + '  at = len(out)\n'
    + '  while text not in out[at:]: out += os.read(fd, 4096)\n'
    + 'until(b"> ")\n'
    + 'for typed, wanted in eval(sys.stdin.read()):\n'
    + '  os.write(fd, typed); until(wanted)\n'
    + 'os.write(fd, b"\\x15exit\\r"); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n';
  const at = (typed) => spawnSync('python3', ['-c', script, KHUNG, 'console', 'notes', '--data', join(dir, 'data'), '--plugins', join(dir, 'plugins')],
    { input: typed, encoding: 'utf8', timeout: 20000, env: { ...process.env, LANG: 'en', HOME: dir, TERM: 'xterm' } });
  const first = at('[(b"flow.si\\t", b"gnal"), (b"\\x15json.en\\t", b"code"), (b"\\x15#flow.find {} + 40\\r", b"\\r\\n40\\r\\n"), (b"\\x1b[A", b"+ 40")]');
  assert.equal(first.stdout, '0\n', first.stderr);
  assert.equal(at('[(b"\\x1b[A\\x1b[A", b"+ 40")]').stdout, '0\n', 'history is kept in the home folder');
});
