// Who reads something protected is told to the audit before the answer is there: drafts, files of what is not public, once for a reader, a
// thing and a day; and what is everybody's, or one's own work, is not told at all.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { download, upload } from '../lib/file.mjs';

const SOURCE = [
  `content.type("page", { fields = { title = "text!", scan = "file" }, title = "title", unit = true })
  route.get("/drafts", { title = "Drafts" }, function(req) return { json = content.find("page", {}, {}) } end)
  route.post("/peek", { input = { id = "integer!" } }, function(req) local i = content.get("page", req.json.id) return { json = { title = i and i.title } } end)
  route.post("/refused", { input = { id = "integer!" } }, function(req) error(content.get("page", req.json.id).title) end)
  command.define("peek", { args = { id = "integer!" } }, function(args) return content.get("page", args.id).title end)
  command.define("peek-on", { writes = true, args = { id = "integer!" } }, function(args) return content.get("page", args.id).title end)`,
  flow('ask', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "Read", about = content.get("page", input.id) }').replace('title = "ask" }', 'title = "ask", input = { id = "integer!" } }'),
].join('\n');

describe('what is told', () => {
  let s, id, scan, reads;
  before(async () => {
    s = await office(SOURCE, { needs: '{ "flow", "storage", "content", "content:publish", "people", "route", "command" }', org: { roles: [
      { name: 'boss', verbs: ['content.*', 'flow.*', 'task.*', 'people.*', 'report.*'] },
      { name: 'reviewer', verbs: ['content.read_draft', 'flow.read'] }] } });
    for (const name of ['mai', 'lan', 'an', 'binh', 'chi']) await s.as(name)('GET', '/api/inbox');
    for (const name of ['an', 'lan', 'binh', 'chi']) await s.must('user', 'role', name, 'reviewer');
    await s.must('user', 'role', 'lan', 'auditor');
    scan = (await upload(s, s.tokens.mai, 'a scan', 'scan.txt')).json.id;
    const north = (await s.must('org', 'units')).find((u) => u.code === 'north').id;
    id = (await s.as('mai')('POST', '/api/content/page', { title: 'Draft', unit: north, scan })).json.id;
    assert.ok(id && scan);
    reads = async (verb = 'content.read', ...words) => (await s.must('audit', 'list', '--verb', verb, '--limit', 1000, ...words, '--as', 'lan')).items;
  });
  after(() => s?.stop());
  const draft = (who) => s.as(who)('GET', `/api/content/page/${id}/draft`);

  it('a draft, when the answer is there, once a day for each reader; not to its author', async () => {
    assert.equal((await draft('mai')).status, 200);
    assert.deepEqual(await reads(), []);
    assert.equal((await draft('an')).json.title, 'Draft');
    const [one] = await reads();
    assert.deepEqual([one.who, one.kind, one.id], ['an', 'item', id]);
    assert.match(one.from, /^http /);
    for (let i = 0; i < 5; i++) await Promise.all([draft('an'), s.as('an')('GET', `/api/content/page/${id}/history`)]);
    assert.equal((await reads()).length, 1);
    await draft('lan');
    assert.deepEqual((await reads('content.read', '--kind', 'item', '--id', id)).map((e) => e.who), ['lan', 'an'], 'found by the item');
  });

  it('what is refused was not read', async () => {
    assert.equal((await s.as('dao')('GET', `/api/content/page/${id}/draft`)).status, 404);
    assert.equal((await s.as('dao')('GET', `/api/content/page/${id}/history`)).status, 403);
    assert.ok((await reads()).every((e) => e.who !== 'dao'));
  });

  it('a list with drafts, once for the type; also one that a plugin gives', async () => {
    assert.equal((await s.as('an')('POST', '/api/content/page/find', { where: {} })).status, 200);
    assert.deepEqual((await reads('content.read_drafts')).map((e) => [e.who, e.name]), [['an', 'page']]);
    assert.equal((await s.as('lan')('GET', '/x/t/drafts')).status, 200);
    assert.deepEqual((await reads('content.read_drafts')).map((e) => e.who), ['lan', 'an']);
  });

  it('what a plugin gives in answer to a POST, with what it writes; not to its author, and not what was refused', async () => {
    const read = async () => (await reads()).map((e) => e.who), before = await read();
    const peek = (who, path = 'peek', headers = {}) => s.as(who)('POST', `/x/t/${path}`, { id }, headers);
    assert.ok((await peek('binh', 'refused')).status >= 400);
    assert.deepEqual(await read(), before);
    for (const headers of [{}, {}, { 'idempotency-key': 'once' }, { 'idempotency-key': 'once' }]) assert.equal((await peek('binh', 'peek', headers)).json.title, 'Draft');
    assert.deepEqual(await read(), ['binh', ...before]);
    assert.equal((await s.as('binh')('GET', `/api/content/page/${id}/draft`)).status, 200);
    for (const who of ['an', 'mai']) assert.equal((await peek(who)).json.title, 'Draft');
    assert.deepEqual(await read(), ['binh', ...before], 'told before, and one\'s own');
  });

  it('what a command of a plugin gives, whether it may write or not', async () => {
    for (const name of ['peek-on', 'peek']) {
      const before = (await reads()).length;
      assert.equal(await s.must('x', name, `id=${id}`, '--as', 'chi'), 'Draft');
      assert.deepEqual((await reads()).slice(0, -before).map((e) => e.who), name === 'peek' ? [] : ['chi'], name);
    }
    await s.restart();
    await s.must('x', 'peek', `id=${id}`, '--as', 'chi');
    assert.equal((await reads())[0].who, 'chi');
  });

  it('persons that are found by what was typed, once a day for each text; units are everybody\'s', async () => {
    const find = (who, kind, name) => s.as(who)('GET', `/api/find?kind=${kind}&name=${name}`).then((r) => r.json.length);
    const read = async () => (await reads('people.find')).map((e) => [e.who, e.kind, e.name]);
    for (const [kind, name, n] of [['unit', 'xa', 2], ['person', 'Hoa', 1], ['person', 'hoa', 1], ['person', 'nobody', 0]]) assert.equal(await find('an', kind, name), n, name);
    assert.deepEqual(await read(), [['an', 'person', 'hoa']]);
    assert.equal(await find('lan', 'person', 'cuc'), 1);
    assert.deepEqual(await read(), [['lan', 'person', 'cuc'], ['an', 'person', 'hoa']]);
  });

  it('a file of what is not public; not to who handed it in', async () => {
    assert.equal((await download(s, s.tokens.mai, scan)).status, 200);
    assert.deepEqual(await reads('file.read'), []);
    for (let i = 0; i < 3; i++) assert.equal((await download(s, s.tokens.an, scan)).bytes.toString(), 'a scan');
    assert.deepEqual((await reads('file.read')).map((e) => [e.who, e.kind, e.id]), [['an', 'file', scan]]);
  });

  it('who is asked about it reads their own work; who looks at the task of another does not', async () => {
    const run = await s.must('flow', 'start', 't.ask', '--input', JSON.stringify({ id }));
    const [task] = await s.open(run.id ?? run);
    const before = (await reads()).length;
    assert.equal((await s.as('hoa')('GET', `/api/tasks/${task.id}`)).status, 200);
    assert.equal((await reads()).length, before);
    await s.must('user', 'add', 'tam', '--person', 'tam');
    await s.must('user', 'role', 'tam', 'reviewer');
    s.tokens.tam = (await s.must('user', 'token', 'tam')).token;
    assert.equal((await s.as('tam')('GET', `/api/tasks/${task.id}`)).status, 200);
    assert.deepEqual((await reads()).map((e) => e.who)[0], 'tam');
  });

  it('another day, or another start of the service, tells once more', async () => {
    const before = (await reads()).length;
    await s.restart();
    await draft('an');
    await draft('an');
    assert.equal((await reads()).length, before + 1);
    s.config.clock_offset = 86400000;
    await s.restart();
    await draft('an');
    assert.equal((await reads()).length, before + 2);
  });

  it('what is published is nobody\'s secret: neither the item nor its file', async () => {
    await s.as('mai')('POST', `/api/content/page/${id}/publish`);
    await s.restart();
    const before = (await reads()).length, files = (await reads('file.read')).length;
    assert.equal((await s.request('GET', `/api/content/page/${id}`)).status, 200);
    assert.equal((await draft('an')).json.state, 'published');
    assert.equal((await download(s, s.tokens.an, scan)).status, 200);
    assert.equal((await download(s, undefined, scan)).status, 200);
    assert.equal((await reads()).length, before);
    assert.equal((await reads('file.read')).length, files);
    assert.equal((await s.must('audit', 'verify')).whole, true);
  });
});
