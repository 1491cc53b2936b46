// Decisions by a signed link: for people without an account; shown without being used up, used once, until it expires.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { sqlite } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

let s;
const SOURCE = [
  flow('named', `return run:ask { to = person("tam"), title = "Thanks <b>for</b> \\"reading\\"", help = "Read & answer",
  form = { decision = "choice:approve,return!", amount = "integer", note = "text" } }`),
  flow('about', 'return run:ask { to = person("tam"), title = "About", about = content.get("note", input.id) }').replace('title = "about" }', 'title = "about", input = { id = "integer!" } }'),
  flow('either', 'return run:ask { to = { person("tam"), person("dao") }, title = "Either" }'),
  flow('never', 'return run:ask { to = person("tam"), title = "Never", link = false }'),
].join('\n');
before(async () => { s = await office(SOURCE); });
after(() => s.stop());

const make = async (name = 'named', input = {}, who = 'tam@example.org', ...more) => {
  const run = await s.startFlow(`t.${name}`, input), [{ id }] = await s.open(run);
  return { run, id, ...(await s.must('task', 'link', id, who, ...more)) };
};
const get = (path, headers = {}) => s.request('GET', path, undefined, { authorization: undefined, 'accept-language': 'en', ...headers });
const post = (path, form) => s.request('POST', path, new URLSearchParams(form).toString(), { authorization: undefined, 'accept-language': 'en', 'content-type': 'application/x-www-form-urlencoded' });

describe('a link', () => {
  it('shows what is asked, in the visitor\'s language, without a script, and uses nothing up', async () => {
    const { path, run } = await make();
    for (let i = 0; i < 3; i++) {
      const r = await get(path, { 'accept-language': 'vi' });
      assert.equal(r.status, 200);
      assert.match(r.headers['content-type'], /text\/html/);
      assert.match(r.headers['content-security-policy'], /default-src 'none'/);
      assert.equal(r.headers['cache-control'], 'no-store');
      assert.equal(r.headers['referrer-policy'], 'no-referrer');
      assert.doesNotMatch(r.text, /<script|onclick|<b>/i);
      assert.match(r.text, /Thanks &lt;b&gt;for&lt;\/b&gt; &quot;reading&quot;/);
      assert.match(r.text, /Xác nhận và gửi/);
      assert.match(r.text, /Duyệt/);
      assert.equal((await s.request('HEAD', path, undefined, { authorization: undefined })).status, 200);
    }
    assert.match((await get(path, { 'accept-language': 'en' })).text, /Confirm and send/);
    assert.equal((await s.flow(run)).state, 'running');
    const done = await post(path, { decision: 'approve', amount: '12', note: '' });
    assert.equal(done.status, 200, done.text);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.decision, a.amount, a.note, a.as], ['approve', 12, undefined, 'person']);
    const again = await post(path, { decision: 'return' });
    assert.equal(again.status, 409);
    assert.match(again.text, /used/);
    assert.equal((await get(path)).status, 409);
  });

  it('says as whom one is asked, and why one cannot decide it now', async () => {
    const { path, id } = await make('either');
    assert.match((await get(path)).text, /It was asked of this very person|<p class="soft">[^<]+<\/p>\s*<form/);
    await s.as('dao')('POST', `/api/tasks/${id}/claim`, { until: '1h' });
    const held = await get(path);
    assert.equal(held.status, 200);
    assert.match(held.text, /<div class="note"><p><strong>You cannot decide this now\.<\/strong> Dao has taken it on/);
    assert.doesNotMatch(held.text, /<form/);
    assert.equal((await post(path, { decision: 'approve' })).status, 409);
    await s.as('dao')('POST', `/api/tasks/${id}/release`);
    assert.equal((await post(path, { decision: 'approve' })).status, 200);
  });

  it('is not used up by what looks ahead: HEAD, prefetch, a form without an answer', async () => {
    const { path, run } = await make();
    for (const headers of [{ 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }, { 'user-agent': 'Mail scanner' }, { range: 'bytes=0-0' }]) assert.equal((await get(path, headers)).status, 200);
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) await s.request(method, path, undefined, { authorization: undefined });
    for (const form of [{}, { decision: '' }, { _hash: 'x' }, { decision: 'approve', _hash: 'f'.repeat(64) }]) assert.ok([412, 422].includes((await post(path, form)).status));
    assert.equal((await s.flow(run)).state, 'running');
    assert.equal((await post(path, { decision: 'approve' })).status, 200);
  });

  it('says what is wrong with what was filled in, and is not used up by it', async () => {
    const { path, run } = await make();
    for (const form of [{}, { decision: 'maybe' }, { decision: 'approve', amount: 'x' }, { decision: 'approve', by: '1' }])
      assert.equal((await post(path, form)).status, 422);
    assert.equal((await post(path, { decision: 'return' })).status, 200);
    assert.equal((await s.done(run)).result.decision, 'return');
  });

  it('twice at the same instant decides once', async () => {
    const { path, run } = await make();
    const r = await Promise.all([1, 2, 3].map(() => post(path, { decision: 'approve' })));
    assert.deepEqual(r.map((x) => x.status).sort(), [200, 409, 409]);
    await s.done(run);
  });

  it('that is changed, made up, late or over does nothing', async () => {
    const { path, token, run, id } = await make('named', {}, 'tam', '--expires', '1s');
    for (const bad of ['x', token.slice(0, -1), `${token.slice(0, 30)}${token[30] === 'A' ? 'B' : 'A'}${token.slice(31)}`, 'A'.repeat(48), `${token}AAAA`, '%00'])
      assert.equal((await post(`/t/${bad}`, { decision: 'approve' })).status >= 400, true, bad);
    // Who can write to the database cannot make a link good for another: the code is over all of it.
    await s.until1('it expires', async () => (await get(path)).status === 409);
    assert.match((await get(path)).text, /expired/);
    const other = await make();
    await s.must('flow', 'cancel', other.run);
    assert.equal((await post(other.path, { decision: 'approve' })).status, 409);
    await assert.rejects(s.must('task', 'link', id, 'dao'));
    await assert.rejects(s.must('task', 'link', id, 'nobody@example.org'));
    await assert.rejects(s.must('task', 'link', id, 'tam', '--expires', '500d'));
    assert.equal((await s.as('tam')('POST', `/api/tasks/${id}/link`, { person: 'tam' })).status, 403);
    assert.equal((await s.as('lan')('POST', `/api/tasks/${id}/link`, { person: 'tam' })).status, 201);
    await s.must('flow', 'cancel', run);
  });

  it('cannot be moved to another task, person or date by who writes to the database, nor be made without the key file', async () => {
    const { token, run } = await make(), other = await make();
    const sql = (text) => sqlite(s.data, text);
    sql(`update flow_task_link set task = ${other.id} where used is null and task <> ${other.id}`);
    assert.equal((await get(`/t/${token}`)).status, 404);
    assert.equal((await post(`/t/${token}`, { decision: 'approve' })).status, 404);
    assert.equal((await get(other.path)).status, 200);
    assert.equal(statSync(join(s.data, 'link.key')).mode & 0o777, 0o600);
    for (const r of [run, other.run]) await s.must('flow', 'cancel', r);
  });

  it('asks about one text: when that is changed it does nothing any more', async () => {
    const note = (await s.done(await s.startFlow('t.write_note'))).result;
    const { path, run } = await make('about', { id: note });
    assert.match((await get(path)).text, /<dd>One<\/dd>/);
    await s.done(await s.startFlow('t.edit_note', { id: note, fields: { title: 'Two' } }));
    assert.equal((await post(path, { decision: 'approve' })).status, 409);
    assert.equal((await s.done(run)).result.voided, true);
  });

  it('is not made where the flow forbids it', async () => {
    const run = await s.startFlow('t.never'), [{ id }] = await s.open(run);
    const r = await s.cli('task', 'link', id, 'tam');
    assert.equal(r.code, 1);
    assert.match(r.err, /not decided by a link/);
    assert.equal((await s.as('tam')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    await s.done(run);
  });

  it('takes forms only, and no other method', async () => {
    const { path, run } = await make();
    assert.equal((await s.request('POST', path, { decision: 'approve' }, { authorization: undefined })).status, 422);
    assert.equal((await s.request('DELETE', path, undefined, { authorization: undefined })).status, 405);
    assert.equal((await post(path, { decision: 'approve', note: 'x'.repeat(70000) })).status, 429);
    await s.restart();
    assert.equal((await post(path, { decision: 'approve' })).status, 200);
    await s.done(run);
  });
});

describe('a link of somebody whose account was switched off', () => {
  it('shows and decides nothing, and none is made; switched on again, it is good', async () => {
    await s.as('dao')('GET', '/api/inbox');
    const { path, id, run } = await make('either', {}, 'dao@example.org');
    assert.equal((await get(path)).status, 200);
    await s.must('user', 'disable', 'dao');
    for (const r of [await get(path), await post(path, { decision: 'approve' })]) {
      assert.equal(r.status, 409);
      assert.doesNotMatch(r.text, /Either/);
    }
    assert.equal((await s.cli('task', 'link', id, 'dao@example.org')).code, 1);
    assert.equal((await s.flow(run)).state, 'running');
    await s.must('user', 'enable', 'dao');
    assert.equal((await post(path, { decision: 'approve' })).status, 200);
    assert.equal((await s.done(run)).result.decision, 'approve');
  });
});
