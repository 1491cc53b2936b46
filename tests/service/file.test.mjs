// Files: handed in, given out, and everything that a client can do wrong on the way.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import net from 'node:net';
import { pause } from '../lib/khung.mjs';
import { office } from '../lib/office.mjs';
import { download, form, kept, send, sha256, upload } from '../lib/file.mjs';
import { sql } from '../crash/check.mjs';

const MAX = 3 << 20;
let s, hoa, cuc;

async function token(name) {
  await s.as(name)('GET', '/api/inbox');
  return s.tokens[name];
}

before(async () => {
  s = await office('', { config: { file_max: MAX, lang: 'en' } });
  hoa = await token('hoa');
  cuc = await token('cuc');
});
after(() => s?.stop());

const quiet = () => s.until1('nothing is on its way', () => kept(s).tmp.length === 0);

test('what is handed in comes out byte by byte, as an attachment', async () => {
  const bytes = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(1 << 20)]);
  const r = await upload(s, hoa, bytes, 'Đề án 06.pdf');
  assert.equal(r.status, 201, r.bytes.toString());
  assert.deepEqual(r.json, { hash: sha256(bytes), id: r.json.id, name: 'Đề án 06.pdf', size: bytes.length, type: 'application/pdf' });
  assert.equal(r.headers.location, `/api/files/${r.json.id}`);
  const [told] = (await s.must('audit', 'list', '--verb', 'file.add')).items;
  assert.deepEqual([told.id, told.after.hash], [r.json.id, r.json.hash]);
  const d = await download(s, hoa, r.json.id);
  assert.equal(d.status, 200);
  assert.ok(d.bytes.equals(bytes));
  assert.equal(d.headers['content-type'], 'application/pdf');
  assert.equal(d.headers['x-content-type-options'], 'nosniff');
  assert.equal(d.headers.etag, `"${sha256(bytes)}"`);
  assert.equal(d.headers['content-disposition'], `attachment; filename="____n_06.pdf"; filename*=UTF-8''%C4%90%E1%BB%81%20%C3%A1n%2006.pdf`);
  assert.match(d.headers['content-security-policy'], /sandbox/);
  const again = await download(s, hoa, r.json.id, { 'if-none-match': d.headers.etag });
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  for (const [range, from, to] of [['bytes=0-8', 0, 9], ['bytes=1000-', 1000, bytes.length], ['bytes=-7', bytes.length - 7, bytes.length], ['bytes=5-99999999', 5, bytes.length], ['bytes=-99999999', 0, bytes.length], ['bytes=3-3', 3, 4]]) {
    const part = await download(s, hoa, r.json.id, { range });
    assert.deepEqual([part.status, part.headers['content-range']], [206, `bytes ${from}-${to - 1}/${bytes.length}`], range);
    assert.ok(part.bytes.equals(bytes.subarray(from, to)), range);
  }
  for (const range of ['bytes=9-5', 'bytes=0-1,3-4', 'bytes=', 'bytes=-', 'bytes=-0', 'bytes=x-', 'bytes=99999999-', 'bytes=99999999999999999999-', 'bytes=-99999999999999999999x', 'lines=1-2', 'bytes=+1-2', 'bytes=- 5'])
    assert.equal((await download(s, hoa, r.json.id, { range })).status, 200, range);
  assert.equal((await download(s, hoa, r.json.id, { range: 'bytes=0-8', 'if-range': '"another"' })).status, 200);
  const head = await send(s, 'HEAD', `/api/files/${r.json.id}`, { token: hoa });
  assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, String(bytes.length), 0]);
});

test('the type is what the bytes say, never what the client says; a page is plain text', async () => {
  const r = await send(s, 'POST', '/api/files?name=x.pdf', { token: hoa, bytes: '<script>alert(1)</script>', headers: { 'content-type': 'text/html' } });
  assert.equal(r.json.type, 'text/plain; charset=utf-8');
  assert.match((await download(s, hoa, r.json.id)).headers['content-type'], /^text\/plain/);
});

test('a form with one file', async () => {
  const bytes = Buffer.concat([Buffer.from('\r\n--xYzZ\r\n--xYz'), randomBytes(70000), Buffer.from('\r\n-\r\r\n--')]);
  const f = form([['note', null, 'hello'], ['file', 'bảng.xlsx', bytes], ['after', null, 'x']]);
  const r = await send(s, 'POST', '/api/files', { token: hoa, ...f });
  assert.equal(r.status, 201, r.bytes.toString());
  assert.deepEqual([r.json.hash, r.json.size, r.json.name], [sha256(bytes), bytes.length, 'bảng.xlsx']);
  const quoted = form([['file', 'a', 'b']], { boundary: 'a b:c' });
  quoted.headers['content-type'] = 'multipart/form-data; charset=utf-8; boundary="a b:c"';
  assert.equal((await send(s, 'POST', '/api/files', { token: hoa, ...quoted })).status, 201);
});

test('with an Idempotency-Key a file is handed in once: the bytes, their name and who sends are what the key stands for', async () => {
  const bytes = randomBytes(50000), key = { 'idempotency-key': 'once' }, rows = () => sql(s.data, 'select count(*) n, total(size) size from file')[0];
  const hand = (token, what, name = 'a.bin', headers = key) => send(s, 'POST', `/api/files?name=${name}`, { token, bytes: what, headers });
  const first = await hand(hoa, bytes), then = rows(), second = await hand(hoa, bytes);
  assert.deepEqual([first.status, first.headers['idempotent-replayed'], second.status, second.headers['idempotent-replayed']], [201, undefined, 201, 'true']);
  assert.deepEqual([second.bytes, second.headers.location], [first.bytes, first.headers.location]);
  for (const [what, name] of [[randomBytes(50000), 'a.bin'], [bytes, 'b.bin'], [bytes.subarray(1), 'a.bin']]) {
    const other = await hand(hoa, what, name);
    assert.deepEqual([other.status, other.json.code], [422, 'http.idempotency_other']);
  }
  assert.deepEqual(rows(), then, 'no second row, and no room of its sender');
  assert.equal((await send(s, 'GET', first.headers.location, { token: hoa })).bytes.equals(bytes), true);
  const hers = await hand(cuc, bytes);
  assert.deepEqual([hers.status, hers.headers['idempotent-replayed'], hers.json.id === first.json.id], [201, undefined, false], 'a key is its account\'s');
  assert.deepEqual([(await hand(hoa, bytes, 'a.bin', { 'idempotency-key': 'x'.repeat(256) })).status, (await hand(hoa, '', 'a.bin', { 'idempotency-key': 'none' })).status], [422, 422]);
  assert.equal((await hand(hoa, bytes, 'a.bin', { 'idempotency-key': 'none' })).status, 201, 'what was refused is tried anew');
  const f = form([['file', 'c.bin', bytes]]), as = () => send(s, 'POST', '/api/files', { token: hoa, bytes: f.bytes, headers: { ...f.headers, 'idempotency-key': 'form' } });
  const [one, two] = await Promise.all([as(), as()]);
  assert.deepEqual([one.status, two.status, two.json], [201, 201, one.json], 'two at once');
  assert.equal([one, two].filter((r) => r.headers['idempotent-replayed']).length, 1);
});

test('a form in pieces of one byte each is the same form', async () => {
  const f = form([['file', 'a.txt', 'one\r\n--xYzZ\r\ntwo']]);
  const head = `POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hoa}\r\nContent-Type: ${f.headers['content-type']}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
  const chunks = [...f.bytes].map((b) => Buffer.concat([Buffer.from('1\r\n'), Buffer.from([b]), Buffer.from('\r\n')]));
  const r = await s.raw(Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')]));
  assert.equal(r.status, 201, r.out);
  assert.match(r.out, new RegExp(sha256('one\r\n--xYzZ\r\ntwo')));
});

test('a name is a name: no folder, no line, no dot in front', async () => {
  for (const [given, name] of [['../../../etc/passwd', 'passwd'], ['C:\\x\\y.doc', 'y.doc'], ['..', 'file'], ['a\r\nSet-Cookie: x=1', 'aSet-Cookie x=1'], ['.htaccess', 'htaccess'], ['', 'file'], ['x'.repeat(900), 'x'.repeat(200)], ['te\u0302n.txt', 'tên.txt']]) {
    const r = await upload(s, hoa, `name ${given}`, given);
    assert.deepEqual([r.status, r.json.name], [201, name], given);
    const d = await download(s, hoa, r.json.id);
    assert.equal(d.headers['set-cookie'], undefined);
  }
  const r = await send(s, 'POST', '/api/files', { token: hoa, ...form([['file', '../../x\\"y.txt', 'form']]) });
  assert.equal(r.json.name, 'xy.txt');
  const h = await send(s, 'POST', '/api/files', { token: hoa, bytes: 'header', headers: { 'content-disposition': 'attachment; filename="plain.txt"; filename*=UTF-8\'\'t%e1%bb%87p.txt' } });
  assert.equal(h.json.name, 'tệp.txt');
});

test('who may not see it learns nothing: as if it were not there', async () => {
  const { json } = await upload(s, hoa, 'secret');
  const mine = await download(s, hoa, json.id);
  assert.equal(mine.status, 200);
  const answers = [await download(s, cuc, json.id), await download(s, cuc, json.id + 1), await download(s, undefined, json.id), await download(s, undefined, json.id + 1)];
  for (const a of answers) {
    assert.equal(a.status, 404);
    assert.equal(a.headers.etag, undefined);
  }
  const told = (a) => JSON.stringify({ ...a.json, request: 0 }).replace(/\d{6,}/g, 'N');
  assert.equal(told(answers[0]), told(answers[1]));
  for (const path of ['/api/files/abc', '/api/files/-1', '/api/files/0', '/api/files/99999999999999999999999', '/api/files/..%2f..%2fkhung.db', '/api/files/'])
    assert.ok([400, 404].includes((await send(s, 'GET', path, { token: hoa })).status), path);
  const show = await s.cli('--as', 'cuc', 'file', 'show', json.id);
  assert.notEqual(show.code, 0);
});

test('nobody hands anything in, and a token only within its scope', async () => {
  const before_ = kept(s).hashes.length;
  assert.equal((await upload(s, undefined, 'x')).status, 401);
  assert.equal((await upload(s, 'wrong', 'x')).status, 401);
  const narrow = (await s.must('user', 'token', 'hoa', '--scope', 'task.list')).token;
  assert.equal((await upload(s, narrow, 'x')).status, 403);
  const { json } = await upload(s, hoa, 'scoped');
  assert.equal((await download(s, narrow, json.id)).status, 403);
  const fitting = (await s.must('user', 'token', 'hoa', '--scope', 'file.show')).token;
  assert.equal((await download(s, fitting, json.id)).status, 200);
  assert.equal((await upload(s, fitting, 'x')).status, 403);
  assert.equal(kept(s).hashes.length, before_ + 1);
});

test('more than the most is refused: before it comes, if its length is told', async () => {
  const exact = await upload(s, hoa, Buffer.alloc(MAX, 'a'));
  assert.equal(exact.status, 201);
  const r = await s.raw(`POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hoa}\r\nContent-Length: ${1 << 30}\r\n\r\n`, 3000);
  assert.equal(r.status, 413);
  const expect = await s.raw(`POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hoa}\r\nContent-Length: ${1 << 30}\r\nExpect: 100-continue\r\n\r\n`, 3000);
  assert.ok(expect.status === 413 && !expect.out.includes('100 Continue'), expect.out);
  const unknown = await s.raw(`POST /api/files HTTP/1.1\r\nHost: x\r\nContent-Length: ${1 << 30}\r\n\r\n`, 3000);
  assert.equal(unknown.status, 401);
  await quiet();
});

// A body of 1 GiB whose length nobody tells; resolves with the answer and how much was taken.
function flood(head, piece) {
  return new Promise((done) => {
    const c = net.connect(s.port, '127.0.0.1');
    c.write(head);
    let out = '', sent = 0;
    const more = () => {
      while (sent < 1 << 30 && !c.destroyed) {
        sent += piece.length;
        if (!c.write(piece)) return;
      }
    };
    const end = () => { c.destroy(); done({ out, sent, status: Number(/^HTTP\/1\.1 (\d+)/.exec(out)?.[1] ?? 0) }); };
    c.on('drain', more);
    c.on('data', (d) => { out += d.toString('latin1'); end(); });
    c.on('error', end);
    c.on('close', end);
    more();
  });
}

test('a body of 1 GiB in chunks ends at the most, as bytes and as a form', async () => {
  const auth = `Host: x\r\nAuthorization: Bearer ${hoa}\r\nTransfer-Encoding: chunked\r\n`;
  const data = Buffer.alloc(64 << 10, 'b'), piece = Buffer.concat([Buffer.from('10000\r\n'), data, Buffer.from('\r\n')]);
  const raw = await flood(`POST /api/files HTTP/1.1\r\n${auth}\r\n`, piece);
  assert.equal(raw.status, 413, raw.out);
  assert.ok(raw.sent < 64 << 20, `${raw.sent} bytes were taken`);
  const open = Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n');
  const start = `POST /api/files HTTP/1.1\r\n${auth}Content-Type: multipart/form-data; boundary=b\r\n\r\n${open.length.toString(16)}\r\n${open}\r\n`;
  assert.equal((await flood(start, piece)).status, 413);
  await quiet();
  const huge = await s.raw(`POST /api/files HTTP/1.1\r\n${auth}\r\nFFFFFFFFFFFFFFF\r\n`, 3000);
  assert.equal(huge.status, 413);
});

test('a body that is shorter or longer than it says', async () => {
  const before_ = kept(s).hashes.length;
  const head = (n) => `POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hoa}\r\nContent-Length: ${n}\r\n\r\n`;
  const short = net.connect(s.port, '127.0.0.1');
  short.write(`${head(1000)}only this`);
  await s.until1('it is on its way', () => kept(s).tmp.length === 1);
  short.destroy();
  await quiet();
  assert.equal(kept(s).hashes.length, before_);
  const long = await s.raw(`${head(3)}abcGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  assert.match(long.out, /201 Created[^]*ba7816bf[^]*200 OK/);
  const two = await s.raw(`POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hoa}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc`);
  assert.equal(two.status, 400);
});

test('forms that are none', async () => {
  const many = form(Array.from({ length: 10000 }, (_, i) => [`f${i}`, null, 'x']));
  const cases = {
    'ten thousand parts': many,
    'no end': form([['file', 'a', 'x']], { end: false }),
    'half a delimiter': { bytes: form([['file', 'a', 'x']]).bytes.subarray(0, -3), headers: form([]).headers },
    'no part': form([]),
    'no file': form([['a', null, 'x']]),
    'two files': form([['a', 'a', 'x'], ['b', 'b', 'y']]),
    'no boundary': { bytes: 'x', headers: { 'content-type': 'multipart/form-data' } },
    'an empty boundary': { bytes: 'x', headers: { 'content-type': 'multipart/form-data; boundary=""' } },
    'a long boundary': { bytes: 'x', headers: { 'content-type': `multipart/form-data; boundary=${'x'.repeat(71)}` } },
    'a boundary of other signs': { bytes: 'x', headers: { 'content-type': 'multipart/form-data; boundary="a\tb"' } },
    'a head without end': { bytes: `--b\r\nX: ${'y'.repeat(10000)}`, headers: { 'content-type': 'multipart/form-data; boundary=b' } },
    'a NUL in a head': { bytes: '--b\r\nContent-Disposition: form-data; filename="a\0b"\r\n\r\nx\r\n--b--\r\n', headers: { 'content-type': 'multipart/form-data; boundary=b' } },
    'only a preamble': { bytes: 'y'.repeat(60000), headers: { 'content-type': 'multipart/form-data; boundary=b' } },
    'signs behind a delimiter': { bytes: '--bX\r\n\r\n', headers: { 'content-type': 'multipart/form-data; boundary=b' } },
    'an empty body': { bytes: '', headers: {} },
  };
  const before_ = kept(s).hashes.length;
  for (const [what, c] of Object.entries(cases)) {
    const r = await send(s, 'POST', '/api/files', { token: hoa, ...c }).catch((e) => ({ status: e.code }));
    assert.equal(r.status, 422, `${what}: ${r.status} ${r.bytes}`);
    assert.match(r.json.type, /file\.(multipart|empty)/, what);
  }
  await quiet();
  assert.equal(kept(s).hashes.length, before_);
});

test('one account sends so many at once and no more, and others are not kept out', async () => {
  const open = [];
  for (let i = 0; i < 9; i++) {
    const c = net.connect(s.port, '127.0.0.1');
    c.on('error', () => {});
    c.on('data', (d) => { c.answer = (c.answer ?? '') + d; });
    c.write(`POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hoa}\r\nContent-Length: 1000\r\n\r\npart`);
    open.push(c);
  }
  await s.until1('eight are on their way, one is refused', () => kept(s).tmp.length === 8 && open.some((c) => / 503 /.test(c.answer)));
  assert.equal((await upload(s, cuc, 'another one')).status, 201);
  for (const c of open) c.destroy();
  await quiet();
  assert.equal((await upload(s, hoa, 'again')).status, 201);
});

test('large files take no memory, neither in nor out', async () => {
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${s.child.pid}/status`, 'utf8'))[1]);
  const bytes = randomBytes(MAX - 10);
  const warm = await upload(s, cuc, bytes);
  await download(s, cuc, warm.json.id);
  const was = rss();
  let most = 0;
  const watch = setInterval(() => { most = Math.max(most, rss()); }, 2);
  const all = await Promise.all(Array.from({ length: 8 }, (_, i) => upload(s, cuc, Buffer.concat([bytes, Buffer.from([i])]))));
  for (const r of all) assert.equal(r.status, 201);
  const out = await Promise.all(all.map((r) => download(s, cuc, r.json.id)));
  clearInterval(watch);
  for (const [i, d] of out.entries()) assert.equal(sha256(d.bytes), all[i].json.hash);
  assert.ok(most > 0 && most - was < 8 << 10, `${most - was} KiB for eight files of ${MAX >> 10} KiB each`);
});

test('verify names a file whose bytes are missing or others', async () => {
  assert.deepEqual(await s.must('verify'), []);
  const { json } = await upload(s, cuc, 'to be damaged');
  const path = join(s.data, 'files', json.hash.slice(0, 2), json.hash.slice(2));
  writeFileSync(path, 'to be DAMAGED');
  const differs = await s.cli('verify');
  assert.equal(differs.code, 1);
  assert.match(JSON.stringify(differs.json), new RegExp(`file ${json.id} are not those.*${json.hash}`));
  unlinkSync(path);
  assert.match(JSON.stringify((await s.cli('verify')).json), new RegExp(`bytes of the file ${json.id} are missing`));
  assert.equal((await download(s, cuc, json.id)).status, 500);
  await upload(s, cuc, 'to be damaged');
  assert.deepEqual(await s.must('verify'), []);
});

test('what hangs on nothing goes after a day', async () => {
  const { json } = await upload(s, hoa, 'loose');
  assert.ok(kept(s).hashes.includes(json.hash));
  await s.stop();
  s.config.clock_offset = 23 * 3600 * 1000;
  await s.start();
  await pause(1500);
  assert.equal((await download(s, hoa, json.id)).status, 200);
  await s.stop();
  s.config.clock_offset = 25 * 3600 * 1000;
  await s.start();
  await s.until1('it is gone', () => !kept(s).hashes.includes(json.hash));
  assert.equal((await download(s, hoa, json.id)).status, 404);
  assert.deepEqual(await s.must('verify'), []);
});
