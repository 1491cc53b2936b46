// Pages of plugins: templates filled with data, in the frame that all pages have, with forms that work without a script.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';
import { form, kept, send, sha256 } from '../lib/file.mjs';
import { folder, plugin, serve, write } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';

const SOURCE = `
local rounds = storage.table("round", { fields = { name = "text!", day = "date", note = "markdown" } })

route.get("/rounds", { title = { en = "Rounds", vi = "Các đợt" } }, function(req)
  return page("rounds", { rounds = rounds:find({}, { order = "id" }), who = req.user, none = {}, query = req.query.q })
end)
route.get("/open", { access = "public" }, function(req) return page("rounds", { rounds = {} }, { title = "Open <i>", status = 203 }) end)
route.post("/rounds", { input = { name = "text!", day = "date", note = "text" } }, function(req)
  rounds:insert(req.form)
  return { headers = { Location = "/x/awards/rounds" } }
end)
route.post("/raw", function(req)
  local keys = {}
  for key in pairs(req.form or {}) do keys[#keys + 1] = key end
  for key in pairs(req.query or {}) do keys[#keys + 1] = "?" .. key end
  return { text = table.concat(keys, " ") }
end)
route.get("/object", function(req) return page("rounds", { rounds = content.find("paper", {}) }) end)
route.get("/list", function() return page("list", { list = { 1 } }) end)
route.get("/none", function() return page("nothing", {}) end)
local scans = storage.table("scan", { fields = { name = "text", scan = "file!", more = "list:file" } })
route.get("/hand-in", function(req) return page("hand_in", {}) end)
route.post("/hand-in", { input = { name = "text!", scan = "file!", more = "list:file" } }, function(req)
  local row = scans:get(scans:insert(req.form))
  if req.form.name == "raise" then error("no") end
  return { json = { files = req.files, row = row } }
end)
route.post("/any", function(req) return { json = { form = req.form, files = req.files, json = req.json } } end)
route.post("/page", function(req)
  rounds:insert { name = "kept" }
  return page("hand_in", {})
end)
route.get("/count-rounds", function() return { json = { n = rounds:count({}) } } end)
route.get("/count", function() return { json = { n = scans:count({}) } } end)
content.type("paper", { fields = { title = "text!" }, title = "title" })
`;
const ROUNDS = `<p id="who">{{who.name}}</p>
{{! a remark <b> }}
<form method="post" action="/x/awards/rounds">{{csrf}}
<input name="name" value="{{query}}"><input name="day"><textarea name="note"></textarea><button>{{t:add}}</button></form>
{{^rounds}}<p>{{t:nothing}}</p>{{/rounds}}
<ul>{{#rounds}}<li title="{{name}}"{{#day}} class="dated"{{/day}}>{{t:named}} {{day}} <a href="/x/awards/rounds?id={{id}}">{{name}}</a>{{markdown:note}}</li>
{{/rounds}}</ul>{{#none}}never{{/none}}{{#who}}{{code}}{{/who}}
`;

let s;
before(async () => {
  const dir = folder();
  plugin(dir, 'awards', SOURCE, { needs: '{ "route", "storage", "people", "content" }' });
  plugin(dir, 'other', 'route.post("/take", function(req) return { text = "taken" } end)', { needs: '{ "route" }' });
  const at = (name) => join(dir, 'plugins/awards', name);
  write(at('templates/rounds.html'), ROUNDS);
  write(at('templates/hand_in.html'), '<form method="post" enctype="multipart/form-data" action="/x/awards/hand-in">{{csrf}}<input name="name"><input type="file" name="scan"></form>');
  write(at('templates/list.html'), '<p>\n{{list}}</p>');
  write(at('locale/en.lua'), 'return { add = "Add & keep", nothing = "No rounds yet.", named = "Named <{name}>:" }');
  write(at('locale/vi.lua'), 'return { add = "Thêm", nothing = "Chưa có đợt nào.", named = "Tên {name}:" }');
  s = await serve({ dir, config: { lang: 'en', file_max: 100000 } });
  await s.admin();
  await setPassword(s, 'boss', PASSWORD);
});
after(() => s?.stop());

const enter = async () => {
  const b = browser(s);
  assert.equal((await b.login('boss', PASSWORD)).status, 200);
  return b;
};
const html = { accept: 'text/html' }, EVIL = `"><script>alert('1')</script>&amp;`, SAFE = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;';

test('a page has the frame, the language and the rules of all pages', async () => {
  const b = await enter(), r = await b.request('GET', '/x/awards/rounds', undefined, html);
  assert.equal(r.status, 200, r.text);
  assert.match(r.text, /^<!doctype html>\n<html lang="en">[^]*<title>Rounds · Khung<\/title>[^]*<h1>Rounds<\/h1>\n<p id="who">/);
  assert.match(r.text, /action="\/logout"[^]*Add &amp; keep[^]*<p>No rounds yet.<\/p>[^]*<\/html>\n$/);
  assert.ok(!r.text.includes('never') && !r.text.includes('remark') && !r.text.includes('\x1b'));
  assert.match(r.headers['content-security-policy'], /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/);
  assert.deepEqual([r.headers['cache-control'], r.headers.etag], ['no-store', undefined]);
  assert.match((await b.request('GET', '/x/awards/rounds', undefined, { ...html, 'accept-language': 'vi' })).text, /<h1>Các đợt<\/h1>[^]*Chưa có đợt nào/);
  const open = await browser(s).request('GET', '/x/awards/open', undefined, html);
  assert.equal(open.status, 203);
  assert.match(open.text, /<h1>Open &lt;i&gt;<\/h1>/);
  assert.ok(!open.text.includes('_csrf'), 'nobody can be made to send a form of his');
});

test('a plain form of it works, and what was typed runs nowhere', async () => {
  const b = await enter(), page = await b.form('/x/awards/rounds');
  const sent = await b.submit(page, { name: EVIL, day: '2021-01-04', note: `**bold** <script>x</script> [a](javascript:x)` });
  assert.deepEqual([sent.status, sent.headers.location], [303, '/x/awards/rounds'], sent.text);
  const r = await b.request('GET', `/x/awards/rounds?q=${encodeURIComponent(EVIL)}`);
  assert.match(r.text, /<li title="[^"]*" class="dated">Named &lt;[^]*?&gt;: 04\/01\/2021 <a href="\/x\/awards\/rounds\?id=\d+">/);
  assert.equal(r.text.split(SAFE).length, 5, r.text); // title, text of locale/, link, field
  assert.match(r.text, /<strong>bold<\/strong>/);
  for (const bad of ['<script', 'javascript:', 'alert("']) assert.ok(!r.text.includes(bad), bad);
});

test('the word of such a form is good for this plugin alone, and no plugin gets to see one', async () => {
  const b = await enter(), page = await b.form('/x/awards/rounds'), word = /name="_csrf" value="([^"]+)"/.exec(page.text)[1];
  assert.notEqual(word, (await b.request('GET', '/auth/me')).json.csrf);
  const post = (path, _csrf) => b.request('POST', path, new URLSearchParams({ _csrf, a: '1' }), { origin: b.base });
  assert.equal((await post('/x/awards/raw?b=2', word)).text, 'a ?b');
  assert.equal((await post(`/x/awards/raw?_csrf=${word}`, word)).text, 'a', 'nor by a form that asks by GET');
  for (const path of ['/x/other/take', '/x/awards2/raw', '/logout', '/x/'])
    assert.ok([403, 404].includes((await post(path, word)).status), path);
  assert.equal((await b.request('GET', '/auth/me')).status, 200, 'not logged out');
  assert.equal((await post('/x/awards/raw', 'x'.repeat(43))).status, 403);
  assert.equal((await (await enter()).request('POST', '/x/awards/raw', new URLSearchParams({ _csrf: word }))).status, 403, 'another session');
});

test('a page that a form is answered by is not kept under an Idempotency-Key: its words are of one session', async () => {
  const answers = () => sql(s.data, 'select count(*) as n from http_idempotency')[0].n;
  const n = async () => (await s.request('GET', '/x/awards/count-rounds')).json.n;
  const b = await enter(), before = await n(), none = answers(), plain = await b.send('POST', '/x/awards/page', {}, html);
  assert.match(plain.text, /name="_csrf" value="[^"]+"/);
  assert.equal(await n(), before + 1);
  const keyed = await b.send('POST', '/x/awards/page', {}, { 'idempotency-key': 'page-1' });
  assert.deepEqual([keyed.status, keyed.json.code], [422, 'http.idempotency_page']);
  assert.equal(await n(), before + 1, 'nothing was done');
  assert.equal(answers(), none);
});

test('a browser is told by a page what is wrong, and sent to the login; a program gets its problem', async () => {
  const b = await enter(), page = await b.form('/x/awards/rounds');
  const wrong = await b.request('POST', '/x/awards/rounds', new URLSearchParams({ _csrf: /value="([^"]+)"/.exec(page.text)[1], day: 'soon' }), { ...html, origin: b.base });
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /<div class="wrong" role="alert"/);
  const program = await b.send('POST', '/x/awards/rounds', new URLSearchParams({ day: 'soon' }));
  assert.deepEqual([program.status, program.json.errors.map((e) => e.field).sort()], [422, ['day', 'name']]);
  const nobody = await browser(s).request('GET', '/x/awards/rounds', undefined, html);
  assert.deepEqual([nobody.status, nobody.headers.location], [303, '/login?next=%2Fx%2Fawards%2Frounds']);
  assert.equal((await browser(s).request('GET', '/x/awards/rounds')).status, 401);
});

test('what a template cannot show is an error with file and line', async () => {
  const list = await s.request('GET', '/x/awards/list');
  assert.deepEqual([list.status, list.json.code], [500, 'template.value']);
  assert.equal(list.json.where, 'awards/templates/list.html:2', list.text);
  assert.equal((await s.request('GET', '/x/awards/none')).json.code, 'template.missing');
});

test('a form with files gives the plugin a number for each, and never the bytes', async () => {
  const b = await enter(), page = await b.form('/x/awards/hand-in'), png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(50000, 7)]);
  const r = await b.submitFiles(page, { name: 'Đơn' }, [['scan', '../../Đơn xin.png', png], ['more', 'a.txt', 'one'], ['more', 'b.txt', 'two']]);
  assert.equal(r.status, 200, r.text);
  const { files, row } = r.json;
  assert.deepEqual(files.map((f) => [f.field, f.name, f.size, f.hash]), [['scan', 'Đơn xin.png', png.length, sha256(png)], ['more', 'a.txt', 3, sha256('one')], ['more', 'b.txt', 3, sha256('two')]]);
  assert.match(files[0].type, /^image\/png/);
  assert.deepEqual(Object.keys(files[0]).sort(), ['field', 'hash', 'id', 'name', 'size', 'type']);
  assert.deepEqual([row.name, row.scan.id, row.more.map((f) => f.id)], ['Đơn', files[0].id, [files[1].id, files[2].id]]);
  assert.ok(kept(s).hashes.includes(sha256(png)) && kept(s).tmp.length === 0);
  const one = await b.submitFiles(page, { name: 'One' }, [['scan', 'a.txt', 'one'], ['more', 'b.txt', 'two']]);
  assert.deepEqual([one.status, one.json?.row.more.length], [200, 1], one.text);
  const none = await b.submitFiles(page, { name: 'None' }, [['scan', '', '']]);
  assert.deepEqual([none.status, none.json.errors.map((e) => e.field)], [422, ['scan']]);
});

test('files of a form that is refused leave no row', async () => {
  const b = await enter(), page = await b.form('/x/awards/hand-in'), count = async () => (await b.request('GET', '/x/awards/count')).json.n, before = await count();
  const raised = await b.submitFiles(page, { name: 'raise' }, [['scan', 'r.txt', 'raised']]);
  assert.equal(raised.status, 500);
  const large = await b.submitFiles(page, { name: 'x' }, [['scan', 'large.bin', Buffer.alloc(100001)]]);
  assert.deepEqual([large.status, large.json.code, large.json.errors.map((e) => e.field)], [422, 'file.field_size', ['scan']]);
  const shown = await b.submitFiles(page, { name: 'x' }, [['scan', 'large.bin', Buffer.alloc(100001)]], html);
  assert.match(shown.text, /class="wrong"/);
  for (const [who, text] of [[b, page.text.replace(/value="[^"]+"/, `value="${'x'.repeat(43)}"`)], [browser(s), page.text], [await enter(), page.text]]) {
    const r = await who.submitFiles({ ...page, text }, { name: 'x' }, [['scan', 'a.txt', 'forged']]);
    assert.ok([401, 403].includes(r.status), `${r.status} ${r.text}`);
  }
  assert.equal(await count(), before);
  assert.deepEqual([kept(s).hashes.includes(sha256('forged')), kept(s).tmp], [false, []]);
  assert.equal((await s.must('verify')).length, 0);
});

test('a program sends such a form by its token, where it is for this plugin', async () => {
  const token = async (...scope) => (await s.must('user', 'token', 'boss', ...scope)).token;
  const post = (t, f, headers = {}) => send(s, 'POST', '/x/awards/any', { token: t, bytes: f.bytes, headers: { ...f.headers, ...headers } });
  const f = form([['a', null, '1'], ['_csrf', null, 'x'], ['scan', 'a.txt', 'by token']]);
  const r = await post(await token(), f);
  assert.deepEqual([r.status, r.json.form, r.json.files.length], [200, { a: '1', scan: String(r.json.files[0].id) }, 1]);
  assert.equal((await post(await token('--scope', 'route.other'), f)).status, 403);
  assert.equal((await post(undefined, f)).status, 401);
  const key = await post(await token(), f, { 'idempotency-key': 'k' });
  assert.deepEqual([key.status, key.json.code], [422, 'http.idempotency_form']);
  assert.equal((await post(await token(), form([['a', null, '1']], { end: false }))).status, 422);
  assert.equal((await send(s, 'POST', '/x/awards/nowhere', { token: await token(), ...f })).status, 404);
});
