// Routes of plugins: who may ask, what is read and written, what may be answered, and what becomes of it when the plugin changes.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';
import { upload } from '../lib/file.mjs';
import { folder, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
local rounds = storage.table("round", { fields = { name = "text!", n = "integer" } })

route.get("/open", { access = "public" }, function(req)
  return { json = { user = req.user and req.user.code, path = req.path } }
end)
route.get("/me", function(req) return { text = req.user and req.user.code or "nobody" } end)
route.get("/rounds/{id}", { params = { id = "integer" }, query = { full = "boolean", day = "date" }, access = "public" }, function(req)
  if req.params.id == 404 then return nil end
  return { json = { id = req.params.id, full = req.query.full, day = req.query.day } }
end)
route.get("/rounds/all", { access = "public", output = { { id = "integer", name = "text", n = "integer" } } }, function(req) return { json = rounds:find({}) } end)
route.get("/units/{unit}", { params = { unit = "unit" }, access = { role = "all", unit = "param:unit" } },
  function(req) return { json = { unit = req.params.unit.code } } end)
route.post("/rounds", { input = { name = "text!", n = { "integer", min = 1 } } }, function(req)
  local given = req.json or req.form
  local id = rounds:insert { name = given.name, n = given.n }
  if given.name == "raise" then error("no such thing") end
  if given.name == "refuse" then error { code = "mine.refused", message = "Not this one." } end
  return { status = 201, json = { name = given.name, n = given.n, form = req.form ~= nil }, headers = { Location = "/x/awards/rounds/" .. given.n } }
end)
route.put("/rounds/{id}", function(req) return { json = { id = req.params.id, any = req.json } } end)
route.delete("/rounds/{id}", function(req) end)
local papers = storage.table("paper", { fields = { scan = "file!" } })
route.post("/papers", { input = { scan = "file!", more = "list:file" } }, function(req)
  local given = req.json or req.form
  return { status = 201, json = { row = papers:get(papers:insert { scan = given.scan }), more = given.more and #given.more } }
end)
route.get("/html", { access = "public" }, function() return { html = "<p>Đề án</p>" } end)
route.get("/svg", { access = "public" }, function() return { svg = "<svg xmlns='http://www.w3.org/2000/svg'/>" } end)
route.get("/csv", { access = "public" }, function()
  return { text = "a;b", type = "text/csv", headers = { ["Content-Disposition"] = 'attachment; filename="a.csv"', ["cache-control"] = "max-age=60" } }
end)
route.get("/away", { access = "public" }, function() return { headers = { Location = "/x/awards/open" } } end)
route.get("/fails", { access = "public" }, function() local t = nil; return t.secret end)
route.get("/waits", { access = "public" }, function() loop.sleep("1s") end)
route.post("/waits", { access = "public" }, function() loop.sleep("1s") end)
route.get("/writes", { access = "public" }, function() rounds:insert { name = "x" } end)
route.post("/counts", { access = "public" }, function() return { text = tostring(storage.kv.add("counts", 1)), type = "text/csv" } end)
`;
const NEEDS = { needs: '{ "route", "storage", "people" }' };

let s, dir;
const nobody = { authorization: undefined };

before(async () => {
  dir = folder();
  plugin(dir, 'awards', SOURCE, NEEDS);
  s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
});
after(() => s?.stop());

test('who is not logged in is refused, unless the route is for all', async () => {
  const open = await s.request('GET', '/x/awards/open', undefined, nobody);
  assert.deepEqual([open.status, open.json], [200, { path: '/x/awards/open' }]);
  const me = await s.request('GET', '/x/awards/me', undefined, nobody);
  assert.deepEqual([me.status, me.json.code], [401, 'http.no_token']);
  assert.equal((await s.request('GET', '/x/awards/me')).text, 'boss');
  assert.equal((await s.request('POST', '/x/awards/rounds', { name: 'x' }, nobody)).status, 401);
});

test('a token that is not for routes of this plugin does not ask them', async () => {
  for (const [scope, status] of [['route.awards', 200], ['route.*', 200], ['route.other', 403], ['report.*', 403]]) {
    const t = await s.must('user', 'token', 'boss', '--scope', scope);
    const r = await s.request('GET', '/x/awards/me', undefined, { authorization: `Bearer ${t.token ?? t}` });
    assert.equal(r.status, status, scope);
  }
});

test('a role is asked for in the unit that the path names', async () => {
  await s.must('user', 'add', 'guest', '--person', 'guest');
  const t = await s.must('user', 'token', 'guest');
  const r = await s.request('GET', '/x/awards/units/office', undefined, { authorization: `Bearer ${t.token ?? t}` });
  assert.deepEqual([r.status, r.json.code], [403, 'denied.route']);
  assert.deepEqual((await s.request('GET', '/x/awards/units/office')).json, { unit: 'office' });
  assert.equal((await s.request('GET', '/x/awards/units/none')).status, 422);
});

test('values of path, query and body are read as their types, and refused by name', async () => {
  const r = await s.request('GET', '/x/awards/rounds/7?full=yes&day=2021-01-04', undefined, nobody);
  assert.deepEqual(r.json, { id: 7, full: true, day: '2021-01-04' });
  const bad = await s.request('GET', '/x/awards/rounds/seven', undefined, nobody);
  assert.deepEqual([bad.status, bad.json.errors.map((e) => e.field)], [422, ['id']]);
  const unknown = await s.request('GET', '/x/awards/rounds/7?ful=yes', undefined, nobody);
  assert.equal(unknown.status, 422);
  const body = await s.request('POST', '/x/awards/rounds', { n: 'x' });
  assert.deepEqual([body.status, body.json.errors.map((e) => e.field).sort()], [422, ['n', 'name']]);
  assert.equal((await s.request('POST', '/x/awards/rounds', [1])).status, 422);
  assert.equal((await s.request('POST', '/x/awards/rounds', '{', {})).status, 400);
  assert.equal((await s.request('POST', '/x/awards/rounds', '<x/>', { 'content-type': 'text/xml' })).status, 422);
});

test('a text in the path fits before a parameter', async () => {
  const r = await s.request('GET', '/x/awards/rounds/all', undefined, nobody);
  assert.ok(Array.isArray(r.json), r.text);
});

test('what is answered is kept; what is raised leaves nothing', async () => {
  const r = await s.request('POST', '/x/awards/rounds', { name: 'One', n: 3 });
  assert.deepEqual([r.status, r.json, r.headers.location], [201, { name: 'One', n: 3, form: false }, '/x/awards/rounds/3']);
  const form = await s.request('POST', '/x/awards/rounds', 'name=T%E1%BB%95+5&n=4', { 'content-type': 'application/x-www-form-urlencoded' });
  assert.deepEqual(form.json, { name: 'Tổ 5', n: 4, form: true });
  const raised = await s.request('POST', '/x/awards/rounds', { name: 'raise' });
  assert.deepEqual([raised.status, raised.json.code], [500, 'lua.error']);
  assert.equal((await s.incident(raised.json.incident)).kind, 'route');
  const refused = await s.request('POST', '/x/awards/rounds', { name: 'refuse' });
  assert.deepEqual([refused.status, refused.json.code, refused.json.detail], [409, 'mine.refused', 'Not this one.']);
  const names = (await s.request('GET', '/x/awards/rounds/all')).json.map((row) => row.name);
  assert.deepEqual(names.sort(), ['One', 'Tổ 5']);
  assert.deepEqual((await s.request('PUT', '/x/awards/rounds/9', { a: [1] })).json, { id: '9', any: { a: [1] } });
  assert.equal((await s.request('DELETE', '/x/awards/rounds/9')).status, 204);
  assert.equal((await s.request('GET', '/x/awards/rounds/404')).status, 404);
});

test('a reader cannot write, and nobody can wait', async () => {
  const r = await s.request('GET', '/x/awards/writes');
  assert.deepEqual([r.status, r.json.code], [409, 'api.read_only']);
  for (const method of ['GET', 'POST']) {
    const w = await s.request(method, '/x/awards/waits');
    assert.deepEqual([w.status, w.json.code], [409, 'wait.impossible'], method);
  }
});

test('pages run no script and load nothing from elsewhere; drawings and files are sealed', async () => {
  const html = await s.request('GET', '/x/awards/html');
  assert.equal(html.headers['content-type'], 'text/html; charset=utf-8');
  const csp = html.headers['content-security-policy'];
  assert.ok(csp.includes("default-src 'none'") && !csp.includes('script-src') && !csp.includes('unsafe'), csp);
  const svg = await s.request('GET', '/x/awards/svg');
  assert.equal(svg.headers['content-type'], 'image/svg+xml');
  assert.match(svg.headers['content-security-policy'], /default-src 'none'.*sandbox/);
  for (const r of [html, svg]) assert.equal(r.headers['x-content-type-options'], 'nosniff');
  const csv = await s.request('GET', '/x/awards/csv');
  assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
  assert.equal(csv.headers['content-disposition'], 'attachment; filename="a.csv"');
  assert.equal(csv.headers['cache-control'], 'max-age=60');
  assert.equal(html.headers['cache-control'], 'no-store');
  const away = await s.request('GET', '/x/awards/away');
  assert.deepEqual([away.status, away.headers.location], [303, '/x/awards/open']);
});

test('what the client has already is not sent again', async () => {
  const first = await s.request('GET', '/x/awards/html');
  const again = await s.request('GET', '/x/awards/html', undefined, { 'if-none-match': first.headers.etag });
  assert.deepEqual([again.status, again.text], [304, '']);
  assert.equal((await s.request('GET', '/x/awards/html', undefined, { 'if-none-match': '"other"' })).status, 200);
  const head = await s.request('HEAD', '/x/awards/html');
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', first.headers['content-length']]);
});

test('the same Idempotency-Key is answered as before, type and all', async () => {
  const once = () => s.request('POST', '/x/awards/counts', {}, { 'idempotency-key': 'k-1' });
  const first = await once(), again = await once();
  assert.deepEqual([again.status, again.text, again.headers['content-type']], [200, first.text, 'text/csv; charset=utf-8']);
  assert.equal(again.headers['idempotent-replayed'], 'true');
  const other = await s.request('POST', '/x/awards/counts', {}, { ...nobody, 'idempotency-key': 'k-1' });
  assert.notEqual(other.text, first.text);
  const asked = await s.request('POST', '/x/awards/counts?id=2', {}, { 'idempotency-key': 'k-1' });
  assert.deepEqual([asked.status, asked.json.code], [422, 'http.idempotency_other'], 'the query is part of the request');
});

test('the word of a session, which a form brings along, is not given to the plugin', async () => {
  const b = browser(s);
  await setPassword(s, 'boss', PASSWORD);
  assert.equal((await b.login('boss', PASSWORD)).status, 200);
  const { csrf } = (await b.request('GET', '/auth/me')).json;
  const r = await b.request('POST', '/x/awards/rounds', `name=Form&n=3&_csrf=${encodeURIComponent(csrf)}`,
    { origin: `http://127.0.0.1:${s.port}`, 'content-type': 'application/x-www-form-urlencoded' });
  assert.equal(r.status, 201, r.text);
});

test('of a mistake of the plugin the world sees an id, and who is logged in the reason', async () => {
  const world = await s.request('GET', '/x/awards/fails', undefined, nobody);
  assert.deepEqual([world.status, world.json.code], [500, 'route.failed']);
  assert.ok(!world.text.includes('secret') && !world.text.includes('init.lua'), world.text);
  assert.match((await s.incident(world.json.incident)).message, /nil value/);
  assert.equal((await s.request('GET', '/x/awards/fails')).json.code, 'lua.error');
});

test('what no plugin answers is not there, and another method is told', async () => {
  assert.equal((await s.request('GET', '/x/awards/none')).status, 404);
  assert.equal((await s.request('GET', '/x/')).status, 404);
  assert.equal((await s.request('GET', '/x/awards/rounds/7/')).status, 404);
  const r = await s.request('POST', '/x/awards/rounds/7', {});
  assert.deepEqual([r.status, r.headers.allow], [405, 'GET, PUT, DELETE']);
});

test('a cookie alone changes nothing: the word of our pages goes with it', async () => {
  await setPassword(s, 'boss', PASSWORD);
  const b = browser(s);
  const csrf = (await b.login('boss', PASSWORD)).json.csrf;
  assert.equal((await b.request('GET', '/x/awards/me')).text, 'boss');
  const alone = await b.request('POST', '/x/awards/rounds', { name: 'c', n: 1 }, { 'x-csrf-token': undefined });
  assert.deepEqual([alone.status, alone.json.code], [403, 'auth.csrf']);
  const elsewhere = await b.request('POST', '/x/awards/rounds', { name: 'c', n: 1 }, { 'x-csrf-token': csrf, origin: 'https://evil.example' });
  assert.deepEqual([elsewhere.status, elsewhere.json.code], [403, 'auth.origin']);
  assert.equal((await b.request('POST', '/x/awards/rounds', { name: 'c', n: 1 }, { 'x-csrf-token': csrf })).status, 201);
});

test('what a new version does not have any more is gone, and what a broken one has is not there yet', async () => {
  plugin(dir, 'awards', SOURCE.replace('"/open"', '"/opened"'), { ...NEEDS, version: '"1.0.1"' });
  await s.must('plugin', 'reload', 'awards');
  assert.equal((await s.request('GET', '/x/awards/open')).status, 404);
  assert.equal((await s.request('GET', '/x/awards/opened')).status, 200);
  for (const [bad, code] of [['route.get("/a/../b", function() end)', 'route.path'], ['route.get("a", function() end)', 'route.path'],
    ['route.get("/a/{x}/{x}", function() end)', 'route.path'], ['route.get("/a", { access = { rol = "x" } }, function() end)', 'route.option'],
    ['route.get("/rounds/{other}", function() end)', 'plugin.declared_twice'], ['route.get("/a", { params = { x = "integer" } }, function() end)', 'route.option'],
    ['route.get("/a", { output = "pdf" }, function() end)', 'route.option'], ['route.get("/a", { query = { x = "number?" } }, function() end)', 'field.type']]) {
    plugin(dir, 'awards', `${SOURCE}\n${bad}\n`, NEEDS);
    await s.cli('plugin', 'reload', 'awards');
    const list = await s.must('plugin', 'list');
    assert.ok(JSON.stringify(list).includes('failed'), `${bad}: ${JSON.stringify(list)}`);
    assert.equal((await s.request('GET', '/x/awards/opened')).status, 200, `${code}: the one before goes on`);
  }
});

test('a route takes files by their ids, of those whom its caller may see, and keeps them in its rows', async () => {
  const file = (await upload(s, s.token, 'scan', 'scan.txt')).json;
  const made = await s.request('POST', '/x/awards/papers', { scan: file.id, more: [file] });
  assert.deepEqual([made.status, made.json.row?.scan, made.json.more], [201, file, 1], made.text);
  const other = (await upload(s, s.token, 'other', 'other.txt')).json;
  const form = await s.request('POST', '/x/awards/papers', `scan=${other.id}`, { 'content-type': 'application/x-www-form-urlencoded' });
  assert.deepEqual([form.status, form.json.row?.scan], [201, other], form.text);
  const guest = (await s.must('user', 'token', 'guest')).token, hidden = (await upload(s, guest, 'hidden')).json;
  for (const scan of [hidden.id, 17, 'x', { id: hidden.id }, null, 1.5]) {
    const r = await s.request('POST', '/x/awards/papers', { scan });
    assert.equal(r.status, 422, `${JSON.stringify(scan)} ${r.text}`);
  }
  assert.deepEqual(await s.must('verify'), []);
});
