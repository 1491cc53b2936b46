// Files in forms of pages: of tasks and of links. Chosen, told why not, kept while the form is mended, attached, taken away;
// and what somebody sends who means no good.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { flow, office } from '../lib/office.mjs';
import { BOUNDARY, PASSWORD, browser, multipart, setPassword } from '../lib/browser.mjs';

const PDF = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(3000, 'x')]), PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');
const FILE_MAX = 64 << 10;
const FORM = `form = { decision = "choice:approve,return!", note = "text", scan = { "file!", types = { "application/pdf", "image/*" }, title = { vi = "Bản quét", en = "Scan" }, help = { vi = "Bản có chữ ký.", en = "The signed one." } }, more = { "list:file", title = { vi = "Thêm", en = "More" } } }`;
const SOURCE = [
  flow('scan', `return run:ask { to = { person("hoa"), person("dao") }, title = "Hand it in", ${FORM} }`),
  flow('many', `return run:ask { to = person("hoa"), title = "Many", form = { decision = "choice:approve,return!", scan = "file!", ${Array.from({ length: 90 }, (_, i) => `f${i} = "text"`).join(', ')} } }`),
  flow('plain', 'return run:ask { to = { person("hoa"), person("dao") }, title = "Plain" }'),
  flow('link', `return run:ask { to = person("tam"), title = "By a link", ${FORM} }`),
].join('\n');

describe('files of pages', () => {
  let s, hoa, dao;
  const ask = async (name) => (await s.open(await s.startFlow(`t.${name}`)))[0];
  const decide = (b, id) => b.form(`/tasks/${id}`, 'decide');
  const loose = () => readdirSync(join(s.data, 'files'), { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).length;
  const state = async (id) => (await s.must('task', 'show', id)).state;
  before(async () => {
    s = await office(SOURCE, { config: { file_max: FILE_MAX } });
    for (const name of ['hoa', 'dao']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
      s.tokens[name] = (await s.must('user', 'token', name)).token;
    }
    [hoa, dao] = [browser(s), browser(s)];
    for (const [b, name] of [[hoa, 'hoa'], [dao, 'dao']]) assert.equal((await b.loginPage(name, PASSWORD)).status, 303);
  });
  after(() => s.stop());

  it('are chosen in the form, and are the answer\'s', async () => {
    const { id, run } = await ask('scan'), page = await decide(hoa, id);
    assert.match(page.text, /<form method="post" enctype="multipart\/form-data"/);
    assert.match(page.text, /The signed one\. At most 64 KB a file\. Allowed: PDF, pictures\./);
    assert.match(page.text, /<input id="f-scan" type="file" name="scan" required[^>]*accept="application\/pdf,image\/\*"/);
    assert.match(page.text, /<input id="f-more" type="file" name="more" multiple/);
    const r = await hoa.submitFiles(page, { decision: 'approve', note: 'Hai\r\ndòng ă' }, [['scan', 'C:\\fakepath\\bản vẽ.pdf', PDF], ['more', 'a.txt', 'one'], ['more', 'b.txt', 'two'], ['more', '', '']]);
    assert.equal(r.status, 303, r.text);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.scan.name, a.scan.size, a.scan.type, a.more.map((f) => f.name), a.note], ['bản vẽ.pdf', PDF.length, 'application/pdf', ['a.txt', 'b.txt'], 'Hai\r\ndòng ă']);
    const shown = (await hoa.request('GET', `/tasks/${id}`)).text;
    assert.match(shown, new RegExp(`<a href="/api/files/${a.scan.id}">bản vẽ\\.pdf</a> <span class="soft">\\(3 KB\\)<br>SHA-256 <code>${a.scan.hash}`));
    assert.equal((await hoa.request('GET', `/api/files/${a.scan.id}`)).status, 200);
    const vi = await hoa.request('GET', `/tasks/${(await ask('scan')).id}`, undefined, { 'accept-language': 'vi' });
    assert.match(vi.text, /Bản có chữ ký\. Mỗi tệp nhiều nhất 64 KB\. Cho phép: PDF, ảnh\./);
  });

  it('come with forms of many fields', async () => {
    const { id, run } = await ask('many');
    const given = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`f${i}`, `${i}`]));
    assert.equal((await hoa.submitFiles(await decide(hoa, id), { decision: 'approve', ...given }, [['scan', 'x.pdf', PDF]])).status, 303);
    assert.equal((await s.done(run)).result.f89, '89');
  });

  it('that were sent are kept while the rest of the form is mended', async () => {
    const { id, run } = await ask('scan');
    let r = await hoa.submitFiles(await decide(hoa, id), { note: 'kept' }, [['scan', 'one.pdf', PDF], ['more', 'a.txt', 'one'], ['more', 'b.txt', 'two']]);
    assert.equal(r.status, 422);
    assert.match(r.text, /“Decision” is missing/);
    assert.match(r.text, /kept<\/textarea>/);
    const kept = (name) => [...r.text.matchAll(new RegExp(`<input type="checkbox" name="${name}" value="(\\d+)" checked> <span>Keep ([^ ]+)`, 'g'))].map((m) => [m[1], m[2]]);
    assert.deepEqual([kept('scan').map((k) => k[1]), kept('more').map((k) => k[1])], [['one.pdf'], ['a.txt', 'b.txt']]);
    const [a, b] = kept('more').map((k) => k[0]), scan = kept('scan')[0][0];
    const page = { ...r, text: /<form[^>]*multipart[^]*?value="decide"[^]*?<\/form>/.exec(r.text)[0] };
    // Nobody else can use them.
    assert.match((await dao.submitFiles(await decide(dao, id), { decision: 'approve', scan }, [])).text, /there is no such file that you may use/);
    r = await hoa.submitFiles(page, { decision: 'approve', note: 'kept', scan, more: [b] }, [['more', 'c.txt', 'three'], ['scan', 'two.pdf', Buffer.concat([PDF, PDF])]]);
    assert.equal(r.status, 303, r.text);
    const answer = (await s.done(run)).result;
    assert.deepEqual([answer.scan.name, answer.more.map((f) => f.name)], ['two.pdf', ['b.txt', 'c.txt']], 'the last one of a field for one, those that were kept of a field for many');
    assert.equal((await hoa.request('GET', `/api/files/${a}`)).status, 200, 'not hung anywhere: still the sender\'s own');
    assert.notEqual((await dao.request('GET', `/api/files/${a}`)).status, 200);
  });

  it('too large, empty or of another type are said so at their field, with all else still there', async () => {
    const { id, run } = await ask('scan');
    for (const [name, bytes, why] of [['big.pdf', Buffer.concat([PDF, Buffer.alloc(FILE_MAX)]), 'is too large'], ['none.pdf', '', 'is empty'], ['evil.pdf', '<html><script>alert(1)</script>', 'is not of a type that is allowed here']]) {
      const r = await hoa.submitFiles(await decide(hoa, id), { decision: 'return', note: 'still here' }, [['scan', name, bytes], ['more', 'good.txt', 'good']]);
      assert.equal(r.status, 422, name);
      assert.match(r.headers['content-type'], /html/);
      assert.match(r.text, new RegExp(`id="f-scan-wrong">“Scan”: (the file )?${name.replace('.', '\\.')} ${why}`), name);
      assert.match(r.text, /<a href="#f-scan">/);
      assert.match(r.text, /value="return" checked[^]*still here<\/textarea>|still here<\/textarea>[^]*value="return" checked/);
      assert.match(r.text, /name="more" value="\d+" checked> <span>Keep good\.txt/);
      assert.doesNotMatch(r.text, /name="scan" value=/, 'what cannot be taken is not to be kept');
    }
    assert.equal(await state(id), 'open');
    const vi = await hoa.request('POST', `/tasks/${id}`, multipart(Object.entries({ _csrf: /name="_csrf" value="([^"]+)"/.exec((await decide(hoa, id)).text)[1], _act: 'decide' }), [['scan', 'to.pdf', Buffer.alloc(FILE_MAX + 1, '%PDF-')]]), { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, 'accept-language': 'vi' });
    assert.match(vi.text, /“Bản quét”: tệp to\.pdf quá lớn/);
    assert.equal((await hoa.submitFiles(await decide(hoa, id), { decision: 'approve' }, [['scan', 'x.png', PNG]])).status, 303);
    assert.equal((await s.done(run)).result.scan.type, 'image/png');
    // REST keeps to the same types.
    const rest = await ask('scan'), up = await s.as('dao')('POST', '/api/files?name=x.pdf', 'plain text', { 'content-type': 'application/octet-stream' });
    const no = await s.as('dao')('POST', `/api/tasks/${rest.id}/decide`, { decision: 'approve', scan: up.json.id });
    assert.equal(`${no.status} ${no.json.code}`, '422 invalid.file_type');
  });

  it('are attached to a task and taken away by who attached them, while it is open', async () => {
    const { id, run } = await ask('plain');
    const say = async (b, fields, files) => b.submitFiles(await b.form(`/tasks/${id}`, 'comment'), fields, files);
    assert.equal((await say(hoa, { text: '' }, [])).status, 422);
    assert.equal((await say(hoa, { text: '' }, [['files', 'plan.pdf', PDF], ['files', 'b.txt', 'b']])).status, 303);
    assert.equal((await say(dao, { text: 'See this' }, [['files', 'c.txt', 'c']])).status, 303);
    const page = (await hoa.request('GET', `/tasks/${id}`)).text;
    assert.match(page, /Attachments<\/h2>[^]*plan\.pdf[^]*Hoa, [^]*Remove<span class="hidden"> plan\.pdf[^]*b\.txt[^]*c\.txt[^]*Dao/);
    assert.equal(page.split('value="detach"').length - 1, 2, 'one\'s own alone');
    const file = (name) => Number(new RegExp(`/api/files/(\\d+)">${name}`).exec(page)[1]);
    const remove = async (b, n) => b.request('POST', `/tasks/${id}`, new URLSearchParams({ _csrf: /name="_csrf" value="([^"]+)"/.exec((await b.request('GET', `/tasks/${id}`)).text)[1], _act: 'detach', file: n }));
    for (const n of [file('c.txt'), 1, 'x', '']) assert.equal((await remove(hoa, n)).status, 404);
    const done = await remove(hoa, file('plan.pdf'));
    assert.equal(done.headers.location, `/tasks/${id}?done=detach`);
    const after = (await hoa.request('GET', done.headers.location)).text;
    assert.match(after, /The attachment has been removed/);
    assert.doesNotMatch(after.slice(after.indexOf('id="attached"'), after.indexOf('id="decide"')), /plan\.pdf/);
    assert.match(after.slice(after.indexOf('What happened')), /Files attached[^]*plan\.pdf[^]*Attachment removed[^]*plan\.pdf/, 'what happened is still told');
    assert.equal((await remove(hoa, file('plan.pdf'))).status, 404);
    assert.notEqual((await dao.request('GET', `/api/files/${file('plan.pdf')}`)).status, 200, 'it hangs there no more');
    // By REST and on the command line the same.
    assert.deepEqual((await s.as('hoa')('GET', `/api/tasks/${id}/comments`)).json.flatMap((c) => (c.files ?? []).map((f) => f.name)), ['b.txt', 'c.txt']);
    assert.equal((await s.as('dao')('DELETE', `/api/tasks/${id}/files/${file('c.txt')}`)).status, 200);
    await s.must('task', 'detach', id, file('b.txt'), '--as', 'hoa');
    assert.equal((await hoa.submit(await decide(hoa, id), { decision: 'approve' })).status, 303);
    assert.deepEqual((await s.done(run)).result.comments.map((c) => [c.kind, c.files]), [['comment', undefined]]);
    assert.equal((await remove(dao, file('c.txt'))).status, 409);
    assert.deepEqual(await s.must('verify'), []);
  });

  it('come by a link into the fields of its form alone, as its person\'s, and not without end', async () => {
    const run = await s.startFlow('t.link'), [{ id }] = await s.open(run), { path } = await s.must('task', 'link', id, 'tam');
    const b = browser(s), page = await b.form(path);
    assert.match(page.text, /enctype="multipart\/form-data"/);
    assert.match(page.text, /At most 64 KB a file/);
    const own = await hoa.submitFiles(await decide(hoa, (await ask('scan')).id), {}, [['scan', 'mine.pdf', PDF]]), mine = /name="scan" value="(\d+)"/.exec(own.text)[1];
    assert.match((await b.submitFiles(page, { decision: 'approve', scan: mine }, [])).text, /there is no such file that you may use/);
    const wrong = await b.submitFiles(page, { note: 'kept' }, [['scan', 'one.pdf', PDF]]);
    assert.equal(wrong.status, 422);
    const kept = /name="scan" value="(\d+)" checked> <span>Keep one\.pdf/.exec(wrong.text)[1];
    assert.match(wrong.text, /kept<\/textarea>/);
    assert.equal((await b.submitFiles(page, { decision: 'approve', other: '1' }, [['other', 'x.txt', 'x']])).status, 422, 'no field of the form');
    // What hangs somewhere already, though this very person may see it, does not come by a link.
    const seen = await s.startFlow('t.link'), [other] = await s.open(seen), second = (await s.must('task', 'link', other.id, 'tam')).path;
    assert.equal((await b.submitFiles(await b.form(second), { decision: 'approve' }, [['scan', 'seen.pdf', PDF]])).status, 200);
    const hung = (await s.done(seen)).result.scan.id;
    assert.match((await b.submitFiles(page, { decision: 'approve', scan: hung }, [])).text, /there is no such file that you may use/);
    const done = await b.submitFiles(page, { decision: 'approve', scan: kept }, []);
    assert.equal(done.status, 200, done.text);
    const answer = (await s.done(run)).result;
    assert.deepEqual([answer.scan.name, answer.scan.id, answer.as], ['one.pdf', Number(kept), 'person']);
    assert.equal((await b.submitFiles(page, { decision: 'approve' }, [['scan', 'late.pdf', PDF]])).status, 409, 'a used link takes nothing more');
    // So many files by one link, and no more.
    const last = (await s.must('task', 'link', (await s.open(await s.startFlow('t.link')))[0].id, 'tam')).path, many = Array.from({ length: 20 }, (_, i) => ['more', `${i}.txt`, `${i}`]);
    for (const status of [422, 422, 429]) {
      const r = await b.submitFiles(await b.form(last), {}, many);
      assert.equal(r.status, status, r.text);
      if (status === 429) assert.match(r.text, /By this link too many files have been sent/);
    }
  });

  it('of no good are refused with a page, and leave nothing', async () => {
    const { id } = await ask('scan'), page = await decide(hoa, id), form = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const word = /name="_csrf" value="([^"]+)"/.exec(page.text)[1], before = loose(), theirs = /name="_csrf" value="([^"]+)"/.exec((await decide(dao, id)).text)[1];
    const send = (b, fields, files, headers = {}) => b.request('POST', `/tasks/${id}`, multipart(fields, files), { ...form, ...headers });
    const good = [['_csrf', word], ['_act', 'decide'], ['decision', 'approve']], file = [['scan', 'x.pdf', PDF]];
    for (const [what, status, r] of [
      ['no word', 403, send(hoa, good.slice(1), file)],
      ['the word of another', 403, send(hoa, [['_csrf', theirs], ...good.slice(1)], file)],
      ['the word behind the file', 403, hoa.request('POST', `/tasks/${id}`, Buffer.concat([multipart([], file).subarray(0, -(BOUNDARY.length + 6)), multipart(good, [])]), form)],
      ['another site', 403, send(hoa, good, file, { origin: 'https://evil.example' })],
      ['nobody', 401, send(browser(s), good, file)],
      ['1000 parts', 422, send(hoa, [...good, ...Array.from({ length: 1000 }, (_, i) => [`x${i}`, '1'])], file)],
      ['21 files', 429, send(hoa, good, Array.from({ length: 21 }, (_, i) => ['more', `${i}.txt`, 'x']))],
      ['much text', 429, send(hoa, [...good, ['note', 'a'.repeat(1100000)]], [])],
      ['no end', 422, hoa.request('POST', `/tasks/${id}`, multipart(good, file).subarray(0, -8), form)],
      ['no boundary', 422, hoa.request('POST', `/tasks/${id}`, multipart(good, file), { 'content-type': 'multipart/form-data' })],
      ['more than all files together may have', 413, send(hoa, good, Array.from({ length: 5 }, (_, i) => ['more', `${i}.bin`, Buffer.alloc(300000, 'x')]))],
      ['the file of another, by its number', 422, send(hoa, [...good, ['scan', '1']], [])],
      ['numbers of no sense', 422, send(hoa, [...good, ['scan', '-1'], ['scan', '99999999999999999999']], [])],
      ['a link that is none', 404, browser(s).request('POST', '/t/nothing', multipart(good, file), form)],
    ]) {
      const a = await r;
      assert.equal(a.status, status, `${what}: ${a.text.slice(0, 1500)}`);
      if (what !== 'no boundary') assert.match(a.headers['content-type'], /text\/html/, what);
      if (what !== 'no boundary') assert.match(a.text, /role="alert"/, what);
    }
    // Many at once, each of them slow: so many by one link, so many of one account.
    const slow = (path, headers, body, waits) => new Promise((done) => {
      const req = http.request(`http://127.0.0.1:${s.port}${path}`, { method: 'POST', agent: false, headers: { ...form, 'content-length': 50000, expect: '100-continue', ...headers } }, (res) => { done({ status: res.statusCode, req }); res.resume(); });
      req.on('error', () => done({ status: 0, req }));
      req.on('continue', () => req.write(body, () => waits || done({ status: null, req })));
      req.flushHeaders();
    });
    const { path } = await s.must('task', 'link', (await s.open(await s.startFlow('t.link')))[0].id, 'tam'), cookie = Object.entries(hoa.cookies).map(([k, v]) => `${k}=${v}`).join('; ');
    for (const [to, headers, body, most] of [[path, {}, multipart([['decision', 'approve']], file).subarray(0, 1500), 2], [`/tasks/${id}`, { cookie }, multipart(good, file).subarray(0, 1500), 8]]) {
      const began = [];
      for (let i = 0; i < most; i++) began.push(await slow(to, headers, body));
      assert.deepEqual(began.map((b) => b.status), Array(most).fill(null));
      assert.equal((await slow(to, headers, body, true)).status, 503);
      for (const b of began) b.req.destroy();
    }
    // Ends in the middle of a file: once the service has seen that, nothing is on its way.
    for (let i = 0; i < 12; i++)
      await new Promise((done) => {
        const req = http.request(`http://127.0.0.1:${s.port}/tasks/${id}`, { method: 'POST', agent: false, headers: { ...form, 'content-length': 50000, cookie: Object.entries(hoa.cookies).map(([k, v]) => `${k}=${v}`).join('; ') } });
        req.on('error', done);
        req.write(multipart(good, file).subarray(0, 2500), () => req.destroy());
        req.on('close', done);
      });
    assert.equal(await state(id), 'open');
    await s.until1('what was begun is gone', () => readdirSync(join(s.data, 'files', 'tmp')).length === 0);
    assert.equal(loose(), before, 'no bytes of what was refused are kept');
    assert.equal((await hoa.submitFiles(await decide(hoa, id), { decision: 'approve' }, file)).status, 303, 'and the next one is taken');
  });
});
