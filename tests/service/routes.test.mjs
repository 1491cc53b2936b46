// What each route owes, asked of each: how much may still be asked, the same once by Idempotency-Key, nothing against another text by
// If-Match. The routes are those of the tables in core/http, as the OpenAPI document has them.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { folder, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!" }, title = "title" })
flow.define("work", { title = "Work", input = {} }, function(run) run:sleep("9d") end)
flow.define("asks", { title = "Asks", input = {} }, function(run)
  return run:ask { to = { position = "head", unit = "office" }, title = "Yes?" }.decision
end)
schedule.cron("daily", "0 7 * * *", { flow = "work" })
`;
const NEEDS = '{ "flow", "storage", "content", "people", "schedule" }';

async function office(config = {}) {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: NEEDS });
  const s = await serve({ dir, config: { lang: 'en', ...config } });
  await s.admin();
  for (const role of ['auditor', 'organiser', 'editor', 'operator']) await s.must('user', 'role', 'boss', role);
  return s;
}

const unsafe = (doc) => Object.entries(doc.paths).flatMap(([path, p]) => Object.entries(p).filter(([m]) => m !== 'get').map(([method, o]) => ({ method: method.toUpperCase(), path, o })));
const refs = (o) => (o.parameters ?? []).map((p) => p.$ref?.split('/').at(-1)).filter(Boolean);
const fill = (path, ids = {}) => path.replace('{type}', 'note').replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? { name: 'office', token: 'x' }[name] ?? 1);

describe('how much may still be asked', () => {
  let s;
  after(() => s?.stop());
  it('is said by each route that changes something, to whoever asks', async () => {
    s = await office({ rate_user: 1000, rate_address: 1000 });
    const doc = (await s.request('GET', '/api/openapi.json')).json;
    for (const authorization of [`Bearer ${s.token}`, 'Bearer kh_wrong', undefined])
      for (const { method, path } of unsafe(doc)) {
        const r = await s.request(method, fill(path), {}, { authorization });
        const who = authorization === `Bearer ${s.token}` && !/^\/(t|unsubscribe)\//.test(path) ? 'user' : 'address';
        if (r.status === 403 && /^\/(auth|login|logout|account)\b/.test(path)) continue; // below
        assert.ok(r.headers.ratelimit, `${method} ${path} ${authorization}: ${r.status}`);
        if (path.startsWith('/api/')) assert.match(r.headers['ratelimit-policy'], new RegExp(`^"${who}";q=10000;w=10$`), `${method} ${path} ${authorization}`);
      }
  });
  it('and when it is used up, each refuses with 429 and when to come again', async () => {
    await s.stop();
    s = await office({ rate_user: 1, rate_address: 1 });
    const doc = (await s.request('GET', '/api/openapi.json')).json;
    for (let i = 0; i < 12; i++) await Promise.all([s.request('GET', '/api/plugins'), s.request('POST', '/auth/login', {}, { authorization: undefined })]);
    let refused = 0, all = 0;
    for (const { method, path } of unsafe(doc)) {
      const r = await s.request(method, fill(path), {});
      all++;
      assert.ok(r.headers.ratelimit, `${method} ${path}`);
      if (r.status !== 429) continue;
      refused++;
      assert.ok(Number(r.headers['retry-after']) >= 1, path);
      if (r.headers['content-type'].startsWith('application/problem')) assert.equal(r.json.code, 'http.rate');
    }
    assert.ok(refused > all * 0.8, `${refused} of ${all}`);
  });
});

describe('Idempotency-Key', () => {
  let s, doc, made;
  // What is not asked for twice in earnest: it reads, it is for browsers, or the secret in the path is used up by it.
  const without = [/^POST \/api\/content\/\{type\}\/find$/, /^(POST|DELETE) \/(auth|login|logout|account)\b/, /^POST \/(t|unsubscribe|tasks|texts)\//, /^POST \/notices$/];
  before(async () => {
    s = await office();
    doc = (await s.request('GET', '/api/openapi.json')).json;
  });
  after(() => s?.stop());

  // For each route a thing of its own, so that the one does not take away what the other needs.
  async function things() {
    const note = (await s.request('POST', '/api/content/note', { title: 'One' })).json;
    const run = (await s.request('POST', '/api/runs', { flow: 'office.work', input: {} })).json.id;
    const asking = (await s.request('POST', '/api/runs', { flow: 'office.asks', input: {} })).json.id;
    const task = (await s.must('task', 'list', '--user', 'boss')).find((t) => t.run === asking).id;
    const hook = (await s.request('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', options: { events: 'content.published' } })).json.id;
    return { note, run, task, hook, job: (await s.must('schedule', 'list'))[0].id };
  }
  const bodies = (t) => ({
    'POST /api/content/{type}': { title: 'New' },
    'PATCH /api/content/{type}/{id}': { title: 'Two' },
    'POST /api/content/{type}/{id}/archive': { reason: 'old' },
    'POST /api/runs': { flow: 'office.work', input: {} },
    'POST /api/runs/{id}/signal': { name: 'x', data: {} },
    'POST /api/runs/{id}/cancel': { reason: 'x' },
    'POST /api/tasks/decide': { tasks: [t.task], answer: { decision: 'approve' } },
    'POST /api/tasks/{id}/decide': { decision: 'approve' },
    'POST /api/tasks/{id}/reassign': { to: { person: 'boss' }, reason: 'x' },
    'POST /api/tasks/{id}/link': { person: 'boss' },
    'POST /api/notices/read': { all: true },
    'POST /api/notices/follow': { type: 'note' },
    'POST /api/webhooks': { url: 'http://127.0.0.1:9/', options: { events: 'content.published' } },
    'POST /api/delegations': { from: 'boss', to: 'guest', until: '2199-01-01' },
    'POST /api/org/import': { lists: { units: [{ code: 'more', name: 'More', kind: 'office' }] } },
    'POST /api/plugins/{name}/disable': { why: 'x' },
  });
  const id = (path, t) => (path.startsWith('/api/content/') ? t.note.id : path.startsWith('/api/runs/') ? t.run : path.startsWith('/api/tasks/') ? t.task : path.startsWith('/api/webhooks/') ? t.hook : path.startsWith('/api/schedule/') ? t.job : 1);

  it('is taken by each route that changes something', () => {
    for (const { method, path, o } of unsafe(doc))
      assert.equal(refs(o).includes('Idempotency-Key'), !without.some((x) => x.test(`${method} ${path}`)), `${method} ${path}`);
  });

  it('lets each be done once: the second is answered as the first, another body is refused, what was refused is tried anew', async () => {
    let done = 0, refused = 0;
    const routes = unsafe(doc).filter(({ o }) => refs(o).includes('Idempotency-Key'));
    routes.sort((a, b) => /disable|hold/.test(a.path) - /disable|hold/.test(b.path)); // last: they stop others
    for (const { method, path } of routes) {
      const t = await things().catch(() => made);
      made = t;
      const name = `${method} ${path}`, at = fill(path, { id: id(path, t) }), body = bodies(t)[name] ?? {}, key = randomUUID();
      const headers = { 'idempotency-key': key, 'if-match': '*' };
      const first = await s.request(method, at, body, headers), second = await s.request(method, at, body, headers);
      assert.equal(second.status, first.status, `${name}: ${first.text} ${second.text}`);
      if (first.status >= 300) {
        refused++;
        assert.equal(second.headers['idempotent-replayed'], undefined, name);
        continue;
      }
      done++;
      assert.equal(second.headers['idempotent-replayed'], 'true', name);
      const { withheld = [], ...again } = second.json ?? {};
      if (withheld.length) assert.deepEqual(again, Object.fromEntries(Object.entries(first.json).filter(([k]) => !withheld.includes(k))), name);
      else assert.equal(second.text, first.text, name);
      const other = await s.request(method, at, { ...body, other: 1 }, headers);
      assert.deepEqual([other.status, other.json?.code], [422, 'http.idempotency_other'], `${name}: ${other.text}`);
    }
    assert.ok(done > 25, `${done} were done, ${refused} refused`);
  });
});

describe('If-Match', () => {
  let s, doc;
  before(async () => {
    s = await office();
    doc = (await s.request('GET', '/api/openapi.json')).json;
  });
  after(() => s?.stop());

  it('is asked for by PATCH, and each route of an item does nothing against another text', async () => {
    let n = 0;
    const { json: note } = await s.request('POST', '/api/content/note', { title: 'One' });
    for (const { method, path, o } of unsafe(doc)) {
      const takes = refs(o).some((r) => r.startsWith('If-Match'));
      const isItem = path.startsWith('/api/content/{type}/{id}');
      assert.equal(takes, isItem || ['PATCH /api/users/{name}', 'POST /api/tasks/{id}/decide'].includes(`${method} ${path}`), `${method} ${path}`);
      if (!isItem) continue; // an account: accounts.test.mjs; a task: task_shown.test.mjs
      n++;
      const at = fill(path, { id: note.id }), body = { title: 'Other', reason: 'x', comment: 'x', at: '2199-01-01 08:00', fields: { title: 'x' }, note: 'x' };
      const wrong = await s.request(method, at, body, { 'if-match': `"${'0'.repeat(64)}"` });
      assert.deepEqual([wrong.status, wrong.json.code], [412, 'http.precondition'], `${method} ${path} ${wrong.text}`);
      if (method === 'PATCH') assert.equal((await s.request(method, at, body)).status, 428);
      const other = await s.request(method, at.replace('/note/', '/paper/'), body, { 'if-match': '*' });
      assert.deepEqual([other.status, other.json.code], [404, 'http.not_found'], `${path} of another type: ${other.text}`);
      const now = await s.request('GET', `/api/content/note/${note.id}/draft`);
      assert.deepEqual([now.json.hash, now.json.state, now.headers.etag.slice(0, 66)], [note.hash, 'draft', `"${note.hash}-`], path);
      const right = await s.request(method, at.replace(String(note.id), String((await s.request('POST', '/api/content/note', { title: 'One' })).json.id)), body, { 'if-match': `"${note.hash}"` });
      assert.ok(right.status !== 412 && right.status !== 428, `${method} ${path} ${right.text}`);
    }
    assert.ok(n >= 9, `${n}`);
  });
});
