// Whoever has done something with a task is answered with the task as GET shows it to them by then: what they may do now and why. Nothing of it is
// kept, and nothing is told that GET does not tell.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { upload } from '../lib/file.mjs';
import { sql } from '../crash/check.mjs';

const FLAGS = ['decide', 'claim', 'release', 'delegate', 'reassign', 'hand_back', 'comment', 'recuse'];
const SOURCE = [
  flow('ask', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "North?" }'),
  flow('note', 'return run:ask { to = person("hoa"), title = "Note?", about = content.get("note", input.id) }').replace('title = "note" }', 'title = "note", input = { id = "integer!" } }'),
  ...['open', 'secret'].map((name) => flow(name, `return run:vote { voters = { person("hoa"), person("dao"), person("tam") }, title = "Motion", secret = ${name === 'secret'} }`)),
].join('\n');

let s, hoa, dao, lan;
before(async () => {
  s = await office(SOURCE);
  [hoa, dao, lan] = ['hoa', 'dao', 'lan'].map((n) => s.as(n));
});
after(() => s?.stop());

const ask = async (name, input = {}, n = 1) => (await s.open(await s.startFlow(`t.${name}`, input), n))[0].id;
const ballot = async (who, run) => (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run).id;

// It is what GET answers, to the byte.
async function isShown(r, as, id, why) {
  const now = await as('GET', `/api/tasks/${id}`);
  assert.deepEqual([r.status, r.text, r.headers.etag], [200, now.text, now.headers.etag], why);
  assert.ok(r.headers.etag.includes(r.json.shown), why);
  for (const f of FLAGS) assert.ok(typeof r.json[`may_${f}`] === 'boolean' && r.json.why[f], `${why}: ${f}`);
  return r.json;
}
const isSilent = (r) => assert.deepEqual([r.status, r.text, r.headers.etag], [204, '', undefined]);

describe('an act on a task', () => {
  it('is answered with the task as it is now, whichever it is', async () => {
    const id = await ask('ask'), at = `/api/tasks/${id}`;
    const act = async (as, method, path, body) => isShown(await as(method, `${at}${path}`, body), as, id, `${method} ${path}`);
    let t = await act(hoa, 'POST', '/claim', { until: '2h' });
    assert.deepEqual([t.may_release, t.may_decide, t.claimed_until > Date.now()], [true, true, true]);
    t = await act(lan, 'POST', '/comments', { text: 'By noon' });
    assert.deepEqual([t.may_decide, t.may_reassign, t.may_comment], [false, true, true]);
    t = await act(hoa, 'POST', '/release');
    assert.deepEqual([t.may_release, t.claimed_by], [false, undefined]);
    const before = t.shown, file = (await upload(s, s.tokens.hoa, 'bytes', 'a.txt')).json.id;
    t = await act(hoa, 'POST', '/attach', { files: [file] });
    assert.notEqual(t.shown, before);
    t = await act(hoa, 'DELETE', `/files/${file}`);
    assert.equal(t.shown, before);
    t = await act(hoa, 'POST', '/delegate', { person: 'dao' });
    t = await act(dao, 'POST', '/hand_back');
    assert.deepEqual([t.may_decide, t.may_hand_back, t.why.decide !== undefined], [false, false, true], 'and sees what was handed back');
    t = await act(lan, 'POST', '/reassign', { to: { person: 'dao' }, reason: 'Away' });
    t = await act(dao, 'POST', '/decide', { decision: 'approve' });
    assert.deepEqual([t.state, t.may_decide], ['decided', false]);
    await isShown(await dao('POST', `${at}/decide`, { decision: 'approve' }), dao, id, 'the same again');
  });

  it('carries the ETag and the hash by which the next one goes on', async () => {
    const id = await ask('ask'), at = `/api/tasks/${id}`, file = (await upload(s, s.tokens.hoa, 'bytes', 'b.txt')).json.id;
    const first = (await hoa('GET', at)).headers.etag, now = await hoa('POST', `${at}/attach`, { files: [file] });
    assert.equal((await hoa('POST', `${at}/decide`, { decision: 'approve' }, { 'if-match': first })).status, 412);
    await isShown(await hoa('POST', `${at}/decide`, { decision: 'approve', hash: now.json.shown }, { 'if-match': now.headers.etag }), hoa, id, 'by what was answered');
  });

  it('tells of a ballot what GET tells: what it was is in no answer to a secret one', async () => {
    for (const name of ['open', 'secret']) {
      const run = await s.startFlow(`t.${name}`);
      await s.open(run, 3);
      for (const [who, answer] of [['hoa', 'approve'], ['dao', 'reject'], ['tam', { reason: 'kin' }]]) {
        const as = s.as(who), id = await ballot(who, run);
        const r = await as('POST', `/api/tasks/${id}/${answer.reason ? 'recuse' : 'decide'}`, answer.reason ? answer : { decision: answer });
        const now = await as('GET', `/api/tasks/${id}`);
        // The last one ends the vote: that is told as soon as the run has counted.
        if (now.status === 200 && !answer.reason) await isShown(r, as, id, `${name} ${who}`);
        if (now.status !== 200) isSilent(r);
        if (name === 'secret' && r.json && !answer.reason) assert.deepEqual([Object.keys(r.json.answer), r.json.decided_at], [['as', 'by', 'voted'], undefined], r.text);
      }
    }
  });

  it('stands so in the document', async () => {
    const doc = (await lan('GET', '/api/openapi.json')).json;
    const acts = ['decide', 'claim', 'release', 'reassign', 'delegate', 'hand_back', 'comments', 'attach', 'recuse'].map((a) => doc.paths[`/api/tasks/{id}/${a}`].post);
    for (const op of [...acts, doc.paths['/api/tasks/{id}/files/{file}'].delete]) {
      assert.equal(op.responses[200].content['application/json'].schema.$ref, '#/components/schemas/Task', op.operationId);
      assert.ok(op.responses[200].headers.ETag && op.responses[204] && !op.responses[204].content, op.operationId);
      assert.ok(op.parameters.some((p) => p.$ref === '#/components/parameters/Prefer'), op.operationId);
    }
    const many = doc.paths['/api/tasks/decide'].post.responses;
    assert.deepEqual([Object.keys(many[200].content['application/json'].schema.items.properties).filter((k) => k.startsWith('may_')).sort(), many[204]], [FLAGS.map((f) => `may_${f}`).sort(), undefined]);
  });

  it('tells nothing to who may not read it, and to who asks for nothing', async () => {
    const id = await ask('ask'), at = `/api/tasks/${id}`;
    const token = (await s.must('user', 'token', 'hoa', '--scope', 'task.claim task.release')).token, bare = { authorization: `Bearer ${token}` };
    isSilent(await s.request('POST', `${at}/claim`, {}, bare));
    assert.equal((await s.request('GET', at, undefined, bare)).status, 403);
    assert.ok((await hoa('GET', at)).json.claimed_by, 'but it is done');
    for (const prefer of ['return=minimal', 'respond-async, Return=Minimal; x=1']) isSilent(await hoa('POST', `${at}/claim`, {}, { prefer }));
    await isShown(await hoa('POST', `${at}/claim`, {}, { prefer: 'return=representation, return=minimalist' }), hoa, id, 'prefers another');
    const r = await s.as('cuc')('POST', `${at}/claim`);
    assert.deepEqual([r.status, r.json.code, r.json.id], [403, 'denied.task', undefined]);
  });

  it('is kept under an Idempotency-Key without the task: sent again, it is answered with what that is by then', async () => {
    const id = await ask('ask'), at = `/api/tasks/${id}`, key = { 'idempotency-key': 'claim' };
    const first = await isShown(await hoa('POST', `${at}/claim`, {}, key), hoa, id, 'first');
    assert.ok(first.claimed_by);
    assert.deepEqual(sql(s.data, 'select status, length(body) n from http_idempotency'), [{ status: 200, n: null }]);
    await hoa('POST', `${at}/release`);
    const again = await hoa('POST', `${at}/claim`, {}, key);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal((await isShown(again, hoa, id, 'again')).claimed_by, undefined);
  });

  it('shows a text as GET does: the audit knows who has read it', async () => {
    const note = (await s.done(await s.startFlow('t.write_note'))).result, id = await ask('note', { id: note });
    const reads = async () => (await s.must('audit', 'list', '--verb', 'content.read', '--kind', 'item', '--id', note)).items.map((e) => e.who);
    await lan('POST', `/api/tasks/${id}/comments`, { text: 'unseen' }, { prefer: 'return=minimal' });
    assert.deepEqual(await reads(), []);
    const r = await lan('POST', `/api/tasks/${id}/comments`, { text: 'seen' });
    assert.equal(r.json.item.title, 'One');
    assert.deepEqual(await reads(), ['lan']);
  });

  it('is shown by the command line with --json alone, as the one who did it sees it', async () => {
    const id = await ask('ask');
    const t = await s.must('task', 'claim', id, '--as', 'hoa');
    assert.deepEqual(t, (await s.must('task', 'show', id, '--as', 'hoa')));
    assert.ok(t.may_release && t.why.release);
    assert.equal(await s.text('task', 'release', id, '--as', 'hoa'), '');
  });
});

describe('many decided together', () => {
  it('tell of each what was done, and what one may do now; what one may not read stays so', async () => {
    const [one, two, other] = [await ask('ask'), await ask('ask'), await ask('note', { id: (await s.done(await s.startFlow('t.write_note'))).result })];
    await hoa('POST', `/api/tasks/${two}/claim`);
    await lan('POST', `/api/tasks/${two}/reassign`, { to: { person: 'dao' }, reason: 'x' });
    const body = { tasks: [one, two, other, 999], answer: { decision: 'approve' } }, key = { 'idempotency-key': 'many' };
    const r = await dao('POST', '/api/tasks/decide', body, key);
    assert.equal(r.status, 200, r.text);
    const [denied, done, foreign, none] = r.json;
    assert.deepEqual([denied, foreign, none].map((x) => [x.done, typeof x.code, x.may_decide, x.why]), [[undefined, 'string', undefined, undefined], [undefined, 'string', undefined, undefined], [undefined, 'string', undefined, undefined]]);
    assert.deepEqual([done.task, done.done, done.may_decide], [two, true, false]);
    const shown = (await dao('GET', `/api/tasks/${two}`)).json;
    for (const f of FLAGS) assert.deepEqual([done[`may_${f}`], done.why[f]], [shown[`may_${f}`], shown.why[f]], f);
    // A head may read what they may not decide, and is told why not.
    const head = (await lan('POST', '/api/tasks/decide', { tasks: [one], answer: { decision: 'approve' } })).json[0];
    assert.deepEqual([head.done, head.may_decide, head.may_reassign, typeof head.why.decide], [undefined, false, true, 'string']);
    assert.deepEqual(JSON.parse(sql(s.data, "select cast(body as text) body from http_idempotency where body is not null")[0].body).map((x) => Object.keys(x).some((k) => k === 'why')), [false, false, false, false]);
    const plain = await dao('POST', '/api/tasks/decide', { tasks: [two], answer: { decision: 'approve' } }, { prefer: 'return=minimal' });
    assert.deepEqual(plain.json, [{ task: two, done: true }]);
    const again = await dao('POST', '/api/tasks/decide', body, key);
    assert.deepEqual([again.headers['idempotent-replayed'], again.text], ['true', r.text]);
  });
});
