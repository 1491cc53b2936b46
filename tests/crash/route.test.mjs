// The service is killed while a route of a plugin is answered: what it wrote and the key by which the request is known are
// there, or neither is; sent again with the same key, it is done once and answered as it would have been.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { form, kept, send, sha256 } from '../lib/file.mjs';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
local rows = storage.table("row", { fields = { n = "integer!" } })
route.post("/rows", { input = { n = "integer!" }, access = "public" }, function(req)
  rows:insert { n = req.json.n }
  return { status = 201, text = "n" .. req.json.n, type = "text/csv", headers = { Location = "/x/office/rows" } }
end)
route.get("/rows", { access = "public" }, function() return { json = { n = rows:count() } } end)
`;
const LANE = ['lane.before_commit', 'lane.after_commit', 'lane.before_done'];

test('killed while a route is answered: done once, and answered as before', { timeout: 300000 }, async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "route", "storage" }' });
  const s = await serve({ dir }), seen = new Set();
  let n = 0;
  const count = async () => (await s.request('GET', '/x/office/rows')).json.n;
  // Whether it was answered before it died.
  async function at(point) {
    const before = n++, headers = { 'idempotency-key': `key-${n}` };
    const post = () => s.request('POST', '/x/office/rows', { n }, headers);
    await s.stop();
    const up = await s.start({ KHUNG_CRASH_AT: point }).catch(() => null);
    const first = up ? await post().catch(() => null) : null;
    if (up) await Promise.race([s.ended, pause(first ? 300 : 10000)]);
    const died = Boolean(s.gone);
    if (died) assert.equal(s.gone.signal, 'SIGKILL', point);
    await s.stop();
    await s.start();
    const there = (await count()) - before;
    assert.ok(there === 1 || (there === 0 && !first), `${point}: ${there} rows, answered ${first?.status}`);
    seen.add(there);
    const again = await post();
    assert.deepEqual([again.status, again.text, again.headers['content-type'], again.headers.location],
      [201, `n${n}`, 'text/csv; charset=utf-8', '/x/office/rows'], point);
    assert.equal(again.headers['idempotent-replayed'], there ? 'true' : undefined, point);
    assert.equal(await count(), before + 1, `${point}: once`);
    return { died, isDone: first !== null };
  }
  for (const p of ['route.answered', 'route.key_kept']) assert.ok((await at(`${p}:1`)).died, `${p} is never passed`);
  for (let k = 1, left = LANE; left.length; k++) {
    assert.ok(k < 40, `never answered: ${left}`);
    const going = [];
    for (const p of left) if (!(await at(`${p}:${k}`)).isDone) going.push(p);
    left = going;
  }
  assert.equal(seen.size, 2, 'it was killed before and after');
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
  let n = 0, died = 0, whole = 0;
  for (const point of ['file.written', 'file.kept', 'file.row', 'file.hung', 'route.answered', 'lane.before_commit', 'lane.after_commit'])
    for (const passing of [1, 2]) {
      const text = `file ${++n}`, f = form([['n', null, String(n)], ['scan', 'a.txt', text]]);
      await s.stop();
      const up = await s.start({ KHUNG_CRASH_AT: `${point}:${passing}` }).catch(() => null);
      const r = up ? await send(s, 'POST', '/x/office/scans', { token, ...f }).catch(() => null) : null;
      if (up && !r) await Promise.race([s.ended, pause(5000)]);
      died += s.gone ? 1 : 0;
      await s.stop();
      await s.start();
      const there = Object.values((await s.request('GET', '/x/office/scans', undefined, { authorization: `Bearer ${token}` })).json).filter((row) => row.n === n);
      if (r) assert.equal(r.status, 200, `${point}: ${r.bytes}`);
      assert.ok(there.length === 1 || (there.length === 0 && !r), `${point}:${passing}: ${there.length} rows, answered ${r?.status}`);
      if (there.length) assert.deepEqual([there[0].scan.hash, kept(s).hashes.includes(sha256(text))], [sha256(text), true], point);
      whole += there.length;
      assert.deepEqual(await s.must('verify'), [], point);
    }
  assert.ok(died >= 4 && whole >= 4, `${died} died, ${whole} were whole`);
  await s.stop();
});
