// The audit as a file: a receiver without the service proves that nothing in it was changed, left out or added, filters and erasures
// included.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { office, nominate, NAME, REASON } from '../lib/erasure.mjs';
import { office as units } from '../lib/office.mjs';
import { KHUNG } from '../lib/khung.mjs';

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
    const proven = /(Bg[kl][\w+/]{30})[\w+/]/, proof = lines.findIndex((l) => proven.test(l));
    await lie('a changed proof', lines.with(proof, lines[proof].replace(proven, '$1_')), proof + 1);
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

// A download that may be read slowly, or not to its end.
const get = (path, token, see = () => {}) => new Promise((done, failed) => {
  const req = http.request({ host: '127.0.0.1', port: s.port, path, headers: bearer(token), agent: false }, (res) => {
    const parts = [];
    res.on('data', (p) => {
      parts.push(p);
      see(res, req);
    });
    res.on('error', () => {});
    res.on('close', () => done({ status: res.statusCode, cut: true, bytes: Buffer.concat(parts) }));
    res.on('end', () => done({ status: res.statusCode, headers: res.headers, bytes: Buffer.concat(parts) }));
  });
  req.on('error', failed);
  req.end();
});
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${s.child.pid}/status`, 'utf8'))[1]) * 1024;

for (const format of ['jsonl', 'csv'])
  test(`${format} over REST: one file that is streamed and proves itself, with a filter, too; told as a read, once`, async () => {
    const before = (await s.read('--verb', 'audit.export')).length;
    const r = await get(`/api/audit/export?format=${format}`, s.boss), file = join(s.dir, `rest.${format}`);
    assert.equal(r.status, 200);
    assert.match(r.headers['content-type'], format === 'csv' ? /^text\/csv/ : /^application\/jsonl/);
    assert.match(r.headers['content-disposition'], new RegExp(`attachment; filename="audit.${format}"`));
    writeFileSync(file, r.bytes);
    const whole = await verify(file);
    assert.equal(whole.json.whole, true, whole.out);
    const { head } = await s.must('audit', 'verify');
    assert.equal((await verify(file, '--anchor', head)).code, 1, 'the read itself came after it');
    const told = await s.read('--verb', 'audit.export');
    assert.deepEqual([told.length, told[0].kind, /^http /.test(told[0].from)], [before + 1, 'read', true]);
    writeFileSync(file, (await get(`/api/audit/export?format=${format}&person=hongvan&since=2000-01-01`, s.boss)).bytes);
    const some = await verify(file);
    assert.ok(some.json.whole && some.json.omitted > 20, some.out);
  });

test('over REST it is for who may search; what cannot be asked is refused before the first byte', async () => {
  const ask = (query, token) => s.request('GET', `/api/audit/export${query}`, undefined, token ? bearer(token) : {});
  assert.equal((await ask('', s.other)).status, 403);
  assert.equal((await ask('')).status, 401);
  assert.equal((await ask('?format=xml', s.boss)).json.code, 'audit.format');
  assert.equal((await ask('?unit=nowhere', s.boss)).json.code, 'people.no_unit');
  assert.equal((await ask('?nothing=1', s.boss)).status, 422);
  assert.equal((await s.request('HEAD', '/api/audit/export', undefined, bearer(s.boss))).status, 200);
});

test('however long the audit is, no more than a page of it is in memory, and a client that goes away or sleeps harms nobody', { timeout: 120000 }, async () => {
  for (let i = 0; i < 20; i++)
    await Promise.all(Array.from({ length: 80 }, (_, j) => nominate(s, s.boss, `${i} ${j} `.padEnd(3000, 'x'))));
  const was = peak(), file = join(s.dir, 'long.jsonl');
  let slept = false;
  const r = await get('/api/audit/export', s.boss, (res) => {
    if (slept) return;
    slept = true;
    res.pause();
    s.request('GET', '/health').then((h) => {
      assert.equal(h.status, 200);
      res.resume();
    });
  });
  assert.ok(r.bytes.length > 30 << 20, `${r.bytes.length}`);
  const poisoned = KHUNG.includes('/debug/') || KHUNG.includes('/tsan/'); // a sanitizer keeps what was freed
  if (!poisoned) assert.ok(peak() - was < r.bytes.length / 2, `${peak() - was} of ${r.bytes.length}`);
  writeFileSync(file, r.bytes);
  assert.equal((await verify(file)).json.whole, true);
  const gone = await get('/api/audit/export', s.boss, (res) => res.destroy()).catch(() => ({ cut: true }));
  assert.ok(gone.cut);
  writeFileSync(file, r.bytes.subarray(0, r.bytes.length - 200));
  assert.equal((await verify(file)).code, 1, 'without its end');
  assert.equal((await s.request('GET', '/health')).status, 200);
});

test('of a unit and those below it, by the command and over REST: others are left out, and the chain is whole', async () => {
  const o = await units('');
  const all = await o.must('org', 'units'), id = (code) => all.find((u) => u.code === code).id;
  for (const name of ['lan', 'mai']) await o.as(name)('GET', '/api/inbox');
  await o.must('user', 'role', 'lan', 'auditor');
  for (const [code, title] of [['north', 'Of the north'], ['south', 'Of the south']])
    assert.equal((await o.as('lan')('POST', '/api/content/note', { title, unit: id(code) })).status, 201);
  const exported = async (how, ...words) => {
    const file = join(o.dir, `${how}-${words.join('')}.jsonl`);
    if (how === 'cli') await o.must('audit', 'export', '--output', file, '--as', 'lan', ...words.flatMap((w) => ['--unit', w]));
    else writeFileSync(file, (await o.as('lan')('GET', `/api/audit/export?unit=${words[0]}`)).text);
    const r = await verify(file);
    assert.equal(r.json?.whole, true, r.out + r.err);
    return { ...r.json, text: readFileSync(file, 'utf8') };
  };
  for (const how of ['cli', 'rest']) {
    const north = await exported(how, 'north'), province = await exported(how, 'province');
    const made = (x) => x.text.match(/"content\.create".*?"unit":\d+/g).map((m) => Number(m.split(':').at(-1)));
    assert.deepEqual(made(north), [id('north')]);
    assert.ok(north.omitted > 3 && north.rows < province.rows, JSON.stringify([north.rows, province.rows]));
    assert.deepEqual(made(province), [id('north'), id('south')]);
  }
  assert.equal((await o.cli('audit', 'export', '--unit', 'nowhere', '--as', 'lan')).code, 1);
  await o.stop();
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
