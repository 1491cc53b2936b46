// The service is killed while a route of a plugin is answered: what it wrote and the key by which the request is known are
// there, or neither is; sent again with the same key, it is done once and answered as it would have been.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { form, kept, send, sha256 } from '../lib/file.mjs';
import { around, killedOn } from '../lib/crash.mjs';
import { folder, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
local rows = storage.table("row", { fields = { n = "integer!" } })
route.post("/rows", { input = { n = "integer!" }, access = "public" }, function(req)
  rows:insert { n = req.json.n }
  return { status = 201, text = "n" .. req.json.n, type = "text/csv", headers = { Location = "/x/office/rows" } }
end)
route.get("/rows", { access = "public" }, function() return { json = { n = rows:count() } } end)
`;

test('killed while a route is answered: done once, and answered as before', { timeout: 300000 }, async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "route", "storage" }' });
  const s = await serve({ dir });
  let n = 0;
  const count = async () => (await s.request('GET', '/x/office/rows')).json.n;
  for (const [way, wanted] of [...around('route.answered'), ...around('route.key_kept'), [null, true]]) {
    const before = n++, headers = { 'idempotency-key': `key-${n}` };
    const post = () => s.request('POST', '/x/office/rows', { n }, headers);
    const first = await killedOn(s, way, post);
    assert.equal(first?.status, way ? undefined : 201, `${way}`);
    assert.equal((await count()) - before, wanted ? 1 : 0, `${way}`);
    const again = await post();
    assert.deepEqual([again.status, again.text, again.headers['content-type'], again.headers.location],
      [201, `n${n}`, 'text/csv; charset=utf-8', '/x/office/rows'], `${way}`);
    assert.equal(again.headers['idempotent-replayed'], wanted ? 'true' : undefined, `${way}`);
    assert.equal(await count(), before + 1, `${way}: once`);
  }
  assert.deepEqual(await s.must('verify'), []);
  await s.stop();
});

test('killed while a form with files is taken: its row and its file are there, or neither', { timeout: 120000 }, async () => {
  const dir = folder();
  plugin(dir, 'office', `local scans = storage.table("scan", { fields = { n = "integer!", scan = "file!" } })
    route.post("/scans", { input = { n = "integer!", scan = "file!" } }, function(req) scans:insert(req.form) return { json = { id = req.files[1].id } } end)
    route.get("/scans", function() return { json = scans:find({}) } end)`, { needs: '{ "route", "storage" }' });
  const s = await serve({ dir });
  await s.admin();
  const token = (await s.must('user', 'token', 'boss')).token;
  let n = 0;
  for (const [way, wanted] of [['file.written', false], ['file.kept', false], ...['file.row', 'file.hung', 'route.answered'].flatMap(around), [null, true]]) {
    const text = `file ${++n}`, f = form([['n', null, String(n)], ['scan', 'a.txt', text]]);
    const r = await killedOn(s, way, () => send(s, 'POST', '/x/office/scans', { token, ...f }));
    assert.equal(r?.status, way ? undefined : 200, `${way}: ${r?.bytes}`);
    const there = Object.values((await s.request('GET', '/x/office/scans', undefined, { authorization: `Bearer ${token}` })).json).filter((row) => row.n === n);
    assert.equal(there.length, wanted ? 1 : 0, `${way}`);
    if (wanted) assert.deepEqual([there[0].scan.hash, kept(s).hashes.includes(sha256(text))], [sha256(text), true], `${way}`);
    assert.deepEqual(await s.must('verify'), [], `${way}`);
  }
  await s.stop();
});
