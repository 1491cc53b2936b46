// The audit as a file: a receiver without the service proves that nothing in it was changed, left out or added, filters and erasures
// included.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { office, nominate, NAME, REASON } from '../lib/erasure.mjs';

const bearer = (token) => ({ authorization: `Bearer ${token}` });
let s;
before(async () => {
  s = await office(4);
  for (let i = 0; i < 30; i++) await nominate(s, s.boss, `=HYPERLINK("x"),\n"quoted" đồng chí ${i}`);
});
after(() => s?.stop());

async function exported(format, ...words) {
  const file = join(s.dir, `out-${Math.random()}.${format}`);
  const r = await s.cli('audit', 'export', '--format', format, '--output', file, '--as', 'boss', ...words);
  assert.equal(r.code, 0, r.err);
  assert.ok(!existsSync(`${file}.part`));
  return file;
}
const verify = (file, ...words) => s.cli('audit', 'verify', '--file', file, '--data', '/nowhere', ...words);

for (const format of ['jsonl', 'csv']) {
  test(`${format}: the whole of it proves itself, and ends with the head of the chain`, async () => {
    const { head } = await s.must('audit', 'verify');
    const file = await exported(format);
    const r = await verify(file);
    assert.equal(r.code, 0, r.out + r.err);
    assert.equal(r.json.whole, true);
    assert.ok(Number(r.json.end.split(':')[0]) >= Number(head.split(':')[0]));
    assert.equal((await verify(file, '--anchor', head)).json.whole, true, 'the head before the export is in it');
    assert.equal((await verify(file, '--anchor', head.replace(/:../, ':00'))).code, 1);
    assert.equal((await verify(file, '--anchor', `99999:${'0'.repeat(64)}`)).code, 1);
    assert.match(readFileSync(file, 'utf8'), /Hồng Vân/);
  });

  test(`${format}: with a filter the others are left out, cannot be read, and the chain is whole all the same`, async () => {
    const file = await exported(format, '--who', 'hongvan');
    const text = readFileSync(file, 'utf8');
    assert.match(text, /Hồng Vân/);
    assert.doesNotMatch(text, /HYPERLINK/);
    const r = await verify(file);
    assert.equal(r.json.whole, true, r.out);
    assert.ok(r.json.omitted > 20);
    const whole = await verify(await exported(format));
    assert.equal(r.json.begin, whole.json.begin);
  });

  test(`${format}: a changed, removed, moved or added line is named`, async () => {
    const file = await exported(format), text = readFileSync(file, 'utf8');
    const lines = format === 'jsonl' ? text.split(/(?<=\n)/) : text.split(/(?<=\r\n)/);
    const at = lines.findIndex((l) => l.includes('nominee') && l.includes('Hồng Vân'));
    assert.ok(at > 2);
    const lie = async (how, changed, want) => {
      const other = join(s.dir, `lie.${format}`);
      assert.notEqual(changed.join(''), text, how);
      writeFileSync(other, changed.join(''));
      const r = await verify(other);
      assert.equal(r.code, 1, how);
      assert.equal(r.json.whole, false, how);
      if (want) assert.equal(r.json.line, want, `${how}: ${r.out}`);
    };
    await lie('a changed word', lines.with(at, lines[at].replace('Hồng', 'Hoàng')), at + 1);
    const proof = lines.findIndex((l) => /Bgk/.test(l));
    await lie('a changed proof', lines.with(proof, lines[proof].replace(/(Bgk.{30})./, '$1_')), proof + 1);
    await lie('a removed line', lines.toSpliced(at, 1), null);
    await lie('two that changed places', lines.with(at, lines[at + 1]).with(at + 1, lines[at]), null);
    await lie('one twice', lines.toSpliced(at, 0, lines[at]), null);
    await lie('cut', lines.slice(0, -1), null);
    await lie('cut in the middle', [text.slice(0, text.length / 2)], null);
    await lie('more behind the end', [...lines, lines[at]], null);
    await lie('another beginning', lines.with(format === 'csv' ? 1 : 0, lines[format === 'csv' ? 1 : 0].replace(/0{64}/, 'f'.repeat(64))), null);
    for (let i = 0; i < 60; i++) { // any byte
      const n = Math.floor(Math.random() * (text.length - 1));
      await lie(`byte ${n}`, [text.slice(0, n), text[n] === 'x' ? 'y' : 'x', text.slice(n + 1)], null);
    }
  });
}

test('from a day on, until a day; and a format that is none', async () => {
  const none = await verify(await exported('jsonl', '--until', '2000-01-01'));
  assert.deepEqual([none.json.whole, none.json.rows], [true, 0]);
  const all = await verify(await exported('jsonl', '--from', '2000-01-01'));
  assert.ok(all.json.rows > 30);
  assert.match(all.json.begin, /^0:/);
  const later = await verify(await exported('jsonl', '--from', '2999-01-01'));
  assert.deepEqual([later.json.whole, later.json.rows], [true, 0]);
  assert.equal((await s.cli('audit', 'export', '--format', 'xml')).code, 1);
});

test('over REST in pages, for who may search, and told as a read', async () => {
  let text = '';
  for (let next = 0; ;) {
    const r = await s.request('GET', `/api/audit/export?format=jsonl${next ? `&after=${next}` : ''}`, undefined, bearer(s.boss));
    assert.equal(r.status, 200, r.text);
    text += r.json.text;
    if (!(next = r.json.next)) break;
  }
  const file = join(s.dir, 'rest.jsonl');
  writeFileSync(file, text);
  assert.equal((await verify(file)).json.whole, true);
  assert.equal((await s.request('GET', '/api/audit/export', undefined, bearer(s.other))).status, 403);
  assert.ok((await s.read('--verb', 'audit.export')).some((e) => e.kind === 'read' && /^http /.test(e.from)));
});

test('what was erased is erased in an export, which proves itself; one from before does, too', async () => {
  const old = await exported('csv');
  await s.must('audit', 'erase', '--person', 'hongvan', '--reason', REASON, '--as', 'boss');
  for (const format of ['jsonl', 'csv']) {
    const file = await exported(format), r = await verify(file);
    assert.equal(r.json.whole, true, r.out);
    assert.ok(r.json.erased > 5);
    assert.ok(!readFileSync(file, 'utf8').includes(NAME));
    assert.ok(!Buffer.from(readFileSync(file, 'utf8').match(/Bgk[\w+/=]+/g).join(''), 'base64').includes(NAME), 'nor in the proofs');
  }
  assert.equal((await verify(old)).json.whole, true);
});
