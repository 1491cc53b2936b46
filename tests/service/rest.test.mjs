// REST as programs use it: a request that is sent again counts once, a change says which text it is about, and the document tells it all.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { folder, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!", kind = { "choice:plan,report", title = { vi = "Loại", en = "Kind" } } }, title = "title" })
local rows = storage.table("row", { fields = { n = "integer!" } })
flow.define("work", { title = "Work", input = { n = "integer!", unit = "unit" } }, function(run, input)
  rows:insert { n = input.n }
  return rows:count()
end)
flow.define("asks", { title = "Asks", input = {} }, function(run)
  return run:ask { to = { position = "head", unit = "office" }, title = "Yes?" }.decision
end)
report.define("rows", { params = { least = "integer!" }, columns = { { "n", "integer" } } }, function(p, out)
  for _, r in ipairs(rows:find { n = { ">=", p.least } }) do out:row { r.n } end
end)
`;

async function office() {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "storage", "content", "people", "report" }' });
  const s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  return s;
}

const start = (s, key, n = 1) => s.request('POST', '/api/runs', { flow: 'office.work', input: { n } }, { 'idempotency-key': key });
const runs = async (s) => (await s.request('GET', '/api/runs')).json.length;

test('the same key starts one run, however often and at once it is sent, and after a kill', async () => {
  const s = await office(), key = randomUUID();
  const all = await Promise.all(Array.from({ length: 20 }, () => start(s, key)));
  assert.deepEqual(new Set(all.map((r) => r.status)), new Set([201]));
  assert.equal(new Set(all.map((r) => r.json.id)).size, 1);
  assert.equal(all.filter((r) => r.headers['idempotent-replayed'] === 'true').length, 19);
  await s.kill();
  await s.start();
  const again = await start(s, key);
  assert.equal(again.json.id, all[0].json.id);
  assert.equal(await runs(s), 1);
  assert.equal((await start(s, randomUUID())).headers['idempotent-replayed'], undefined);
  assert.equal(await runs(s), 2);
  await s.stop();
});

test('a key of another request, or one that is too long, is refused and changes nothing', async () => {
  const s = await office(), key = randomUUID();
  await start(s, key, 1);
  const other = await start(s, key, 2);
  assert.equal(other.status, 422);
  assert.equal(other.json.code, 'http.idempotency_other');
  assert.equal((await start(s, 'x'.repeat(256))).status, 422);
  assert.equal(await runs(s), 1);
  await s.stop();
});

test('what was refused is tried anew under the same key', async () => {
  const s = await office(), key = randomUUID();
  assert.equal((await start(s, key, 'no number')).status, 422);
  assert.equal((await s.request('POST', '/api/runs', { flow: 'office.work', input: { n: 'no number' } }, { 'idempotency-key': key })).status, 422);
  assert.equal((await start(s, key)).status, 201);
  await s.stop();
});

test('an edit must say which text it is about: 428, 412, 200', async () => {
  const s = await office();
  const { json: note } = await s.request('POST', '/api/content/note', { title: 'One' });
  const path = `/api/content/note/${note.id}`;
  const none = await s.request('PATCH', path, { title: 'Two' });
  assert.equal(none.status, 428);
  assert.equal(none.json.code, 'http.precondition_required');
  assert.equal((await s.request('PATCH', path, { title: 'Two' }, { 'if-match': '"0000"' })).status, 412);
  const draft = await s.request('GET', `${path}/draft`);
  assert.match(draft.headers.etag, new RegExp(`^"${note.hash}-[0-9a-f]{16}"$`));
  const edited = await s.request('PATCH', path, { title: 'Two' }, { 'if-match': draft.headers.etag });
  assert.equal(edited.status, 200);
  assert.match(edited.headers.etag, new RegExp(`^"${edited.json.hash}-[0-9a-f]{16}"$`));
  assert.equal((await s.request('PATCH', path, { title: 'Three' }, { 'if-match': '*' })).status, 200);
  await s.stop();
});

test('304 is for what has not changed at all, also in its state; If-Match is about the text alone, and exact', async () => {
  const s = await office();
  const { json: note } = await s.request('POST', '/api/content/note', { title: 'One' });
  const path = `/api/content/note/${note.id}`;
  const draft = (have) => s.request('GET', `${path}/draft`, undefined, have ? { 'if-none-match': have } : {});
  const first = (await draft()).headers.etag;
  assert.equal((await draft(first)).status, 304);
  assert.equal((await draft(`"other", W/${first}`)).status, 304);
  const seen = [first];
  for (const [verb, body] of [['submit', {}], ['send_back', { comment: 'x' }], ['submit', {}], ['approve', {}], ['schedule', { at: '2199-01-01 08:00' }], ['publish', {}], ['retract', { reason: 'x' }]]) {
    const done = await s.request('POST', `${path}/${verb}`, body, { 'if-match': seen.at(-1) });
    if (done.status === 403 || done.status === 409) continue; // what this type or account does not do
    assert.equal(done.status, 200, `${verb}: ${done.text}`);
    const now = await draft(seen.at(-1));
    assert.deepEqual([now.status, now.json?.state], [200, done.json.state], verb);
    assert.equal((await draft(now.headers.etag)).status, 304);
    seen.push(now.headers.etag);
  }
  assert.ok(seen.length > 3, `${seen}`);
  const edit = (match) => s.request('PATCH', path, { title: 'One' }, { 'if-match': match });
  for (const wrong of [`"x${note.hash}"`, `"${note.hash}0"`, `"${note.hash.slice(0, 63)}"`, `"x", "${note.hash}x"`, '""', '","'])
    assert.equal((await edit(wrong)).status, 412, wrong);
  for (const right of [first, note.hash, `"${note.hash}"`, `W/${seen.at(-1)}`, `"x", ${first}`])
    assert.notEqual((await edit(right)).status, 412, right);
  await s.stop();
});

test('too many requests of one account are refused with 429 and when to come again; another account goes on', async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "storage", "content", "people", "report" }' });
  const s = await serve({ dir, config: { lang: 'en', rate_user: 5, rate_address: 1 } });
  await s.admin();
  await s.must('user', 'add', 'other', '--person', 'guest', '--admin');
  const other = (await s.must('user', 'token', 'other')).token;
  const first = await s.request('GET', '/api/runs');
  assert.equal(first.headers['ratelimit-policy'], '"user";q=50;w=10');
  assert.match(first.headers.ratelimit, /^"user";r=49;t=1$/);
  const all = await Promise.all(Array.from({ length: 80 }, () => s.request('GET', '/api/runs')));
  const refused = all.filter((r) => r.status === 429);
  assert.ok(refused.length >= 25, `${refused.length}`);
  assert.ok(Number(refused[0].headers['retry-after']) >= 1);
  assert.equal(refused[0].json.code, 'http.rate');
  assert.notEqual((await s.request('GET', '/api/plugins', undefined, { authorization: `Bearer ${other}` })).status, 429);
  const anonymous = await Promise.all(Array.from({ length: 20 }, () => s.request('GET', '/api/content/note', undefined, { authorization: undefined })));
  assert.deepEqual([...new Set(anonymous.map((r) => r.status))].sort(), [200, 429]);
  await s.stop();
});
