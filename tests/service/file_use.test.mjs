// What files hang on: items, rows, inputs of flows, answers, comments; who sees them by it; what an edit of one does.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, pause } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';
import { download, kept, sha256, upload } from '../lib/file.mjs';
import { sql } from '../crash/check.mjs';

const SOURCE = `
local papers = storage.table("paper", { fields = { name = "text!", scan = "file", more = "list:file" } })
content.type("case", { fields = { title = "text!", scan = "file", proofs = "list:file", remark = "text", extra = "json" }, title = "title", unit = true })
content.type("open", { fields = { title = "text!", scan = "file" }, title = "title", approval = false, unit = true })
content.type("inner", { fields = { title = "text!", scan = "file" }, title = "title", approval = false, unit = true, internal = true })
flow.define("keep", { input = { scan = "file!", more = "list:file" } }, function(run, input)
  local id = papers:insert { name = input.scan.name, scan = input.scan, more = input.more }
  local row = papers:get(id)
  return { id = id, hash = row.scan.hash, n = row.more and #row.more or 0, size = row.scan.size }
end)
flow.define("change", { input = { id = "integer!" } }, function(run, input)
  papers:update(input.id, { more = {} })
  run:ask { to = { person("hoa") }, title = "go on" }
  papers:delete(input.id)
end)
flow.define("steal", { input = { id = "integer!" } }, function(run, input)
  local ok, e = pcall(content.create, "open", { title = "mine", scan = input.id })
  return { ok = ok, code = not ok and e.code or nil }
end)
${flow('form', `local a = run:ask { to = { person("hoa") }, title = "Papers?", form = { decision = "choice:approve,return!", scan = "file!", more = "list:file" } }
  local item = content.create("case", { title = "Case", scan = a.scan, proofs = a.more })
  return { item = item.id, hash = a.scan.hash, same = item.scan.hash == a.scan.hash, comments = a.comments }`)}
flow.define("review", { input = { item = "integer!" } }, function(run, input)
  local item = content.get("case", input.item)
  local a = run:ask { to = { person("hoa") }, title = "Read", about = item, within = "5 days" }
  return { decision = a.decision, voided = a.voided or false, changed = a.changed, hash = a.hash }
end)
flow.define("parts", { input = { item = "integer!" } }, function(run, input)
  local item = content.get("case", input.item)
  return run:ask_all({ { to = person("hoa"), title = "Scan", about = item, part = { "scan" } }, { to = person("dao"), title = "Note", about = item, part = { "remark" } } })
end)
`;

let s;
const t = {}, ids = {};
const as = (who) => s.as(who);
async function hand(who, bytes, name) {
  const r = await upload(s, t[who], bytes, name);
  assert.equal(r.status, 201, r.bytes.toString());
  return r.json;
}
const sees = async (who, id) => (await download(s, t[who], id)).status === 200;
const task = async (who, run) => s.until1('a task', async () => (await as(who)('GET', '/api/inbox')).json.tasks.find((x) => x.run === run));
const decide = (who, id, answer) => as(who)('POST', `/api/tasks/${id}/decide`, answer);

before(async () => {
  s = await office(SOURCE, { config: { lang: 'en' } });
  for (const who of ['hoa', 'cuc', 'dao', 'lan', 'an']) {
    await as(who)('GET', '/api/inbox');
    t[who] = s.tokens[who];
  }
});
after(() => s?.stop());

test('an item holds a file: stored, hashed, shown; its readers see it, nobody else', async () => {
  const one = await hand('lan', '%PDF-one', 'one.pdf');
  const made = await as('lan')('POST', '/api/content/case', { title: 'A', scan: one.id, unit: 1 });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json.scan, one);
  assert.equal(await sees('lan', one.id), true);
  assert.equal(await sees('cuc', one.id), false);
  assert.equal(await sees(undefined, one.id), false);
  ids.case = made.json.id;
  ids.one = one;
});

test('another file in it is another text: a new revision with another hash, also when only the file differs', async () => {
  const before_ = (await as('lan')('GET', `/api/content/case/${ids.case}/draft`)).json;
  const two = await hand('lan', '%PDF-two', 'one.pdf');
  const same = await as('lan')('PATCH', `/api/content/case/${ids.case}`, { scan: ids.one.id }, { 'if-match': '*' });
  assert.deepEqual([same.json.revision, same.json.hash], [before_.revision, before_.hash]);
  const r = await as('lan')('PATCH', `/api/content/case/${ids.case}`, { scan: two.id }, { 'if-match': '*' });
  assert.equal(r.json.revision, before_.revision + 1);
  assert.notEqual(r.json.hash, before_.hash);
  assert.equal(r.json.scan.hash, sha256('%PDF-two'));
  // What was shown of a file is not believed, but its id.
  const forged = await as('lan')('PATCH', `/api/content/case/${ids.case}`, { scan: { ...ids.one, hash: two.hash, name: '../x', size: 1 } }, { 'if-match': '*' });
  assert.deepEqual(forged.json.scan, ids.one);
  const old = await as('lan')('GET', `/api/content/case/${ids.case}/draft?revision=${r.json.revision}`);
  assert.equal(old.json.scan.id, two.id);
  assert.equal(await sees('lan', two.id), true);
  assert.deepEqual(await s.must('verify'), []);
});

test('one that is not there, or not to be seen, is refused alike, in each way in', async () => {
  const hidden = await hand('lan', 'hidden');
  const asked = (id, who = 'hoa') => as(who)('POST', '/api/runs', { flow: 't.keep', input: { scan: id } });
  await s.must('user', 'role', 'hoa', 'operator');
  const a = await asked(hidden.id), b = await asked(12345), c = await asked('x'), d = await asked({ id: -1 }), e = await asked({}), f = await asked(1e300), g = await asked([1]);
  for (const r of [a, b, c, d, e, f, g]) assert.equal(r.status, 422, r.text);
  assert.equal(a.json.type, b.json.type);
  assert.match(a.json.type, /invalid\.file/);
  assert.equal(a.json.errors[0].field ?? a.json.errors[0].name, 'scan');
  const list = await as('lan')('POST', '/api/content/case', { title: 'L', unit: 1, proofs: [hidden.id, 12345] });
  assert.equal(list.status, 422, list.text);
  const many = await as('lan')('POST', '/api/content/case', { title: 'L', unit: 1, proofs: Array(101).fill(hidden.id) });
  assert.ok([422, 429].includes(many.status), many.text);
  assert.equal(await sees('lan', hidden.id), true);
});

test('a flow takes files as its input and keeps them in a row; the bytes are its plugin’s', async () => {
  const [one, two] = [await hand('hoa', 'scan'), await hand('hoa', 'x'.repeat(100000))];
  const run = (await as('hoa')('POST', '/api/runs', { flow: 't.keep', input: { scan: one.id, more: [two.id, one] } })).json;
  const done = await s.done(run.id);
  assert.deepEqual([done.state, done.result.hash, done.result.n, done.result.size], ['completed', one.hash, 2, 4]);
  assert.deepEqual(sql(s.data, `select kind, plugin from file_use where file = ${two.id} order by kind`), [{ kind: 'run', plugin: 't' }, { kind: 'table:t.paper', plugin: 't' }]);
  assert.equal(await sees('hoa', one.id), true); // by flow.read
  assert.equal(await sees('cuc', one.id), false);
  const change = (await as('hoa')('POST', '/api/runs', { flow: 't.change', input: { id: done.result.id } })).json;
  const go = await task('hoa', change.id);
  assert.deepEqual(sql(s.data, `select kind from file_use where file = ${two.id}`), [{ kind: 'run' }]);
  await decide('hoa', go.id, { decision: 'approve' });
  assert.equal((await s.done(change.id)).state, 'completed');
  assert.deepEqual(sql(s.data, `select kind from file_use where file = ${one.id}`), [{ kind: 'run' }]);
  assert.deepEqual(await s.must('verify'), []);
});

test('the bytes of rows count against the plugin’s quota; a refusal leaves nothing, a delete gives them back', async () => {
  const dir = folder(), settings = join(dir, 'settings.json');
  writeFileSync(settings, JSON.stringify({ t: { limits: { bytes: '150KiB' } } }));
  const q = await office(SOURCE, { config: { lang: 'en', settings } });
  try {
    await q.must('user', 'add', 'lan', '--person', 'lan');
    const { token } = await q.must('user', 'token', 'lan');
    const [small, large] = [(await upload(q, token, 'x'.repeat(100 << 10))).json, (await upload(q, token, 'y'.repeat(100 << 10))).json];
    const keep = async (id) => q.done(await q.startFlow('t.keep', { scan: id }));
    const first = await keep(small.id);
    assert.equal(first.state, 'completed');
    const second = await q.until1('it is refused', async () => { const r = await q.flow(await q.startFlow('t.keep', { scan: large.id }, 'twice')); return r.error && r; });
    assert.equal(second.error.code, 'limit.bytes');
    assert.deepEqual(sql(q.data, `select kind from file_use where file = ${large.id}`), [{ kind: 'run' }]);
    assert.equal(sql(q.data, 'select count(*) n from p_t__paper')[0].n, 1);
    assert.deepEqual(await q.must('verify'), []);
    const change = await q.startFlow('t.change', { id: first.result.id });
    const [go] = await q.open(change);
    await q.must('task', 'decide', go.id, '--as', 'hoa', '--decision', 'approve').catch(async () => { await q.must('user', 'add', 'hoa', '--person', 'hoa'); await q.must('task', 'decide', go.id, '--as', 'hoa', '--decision', 'approve'); });
    assert.equal((await q.done(change)).state, 'completed');
    await q.must('flow', 'retry', second.id).catch(() => {});
    assert.equal((await q.done(second.id)).state, 'completed');
    assert.deepEqual(await q.must('verify'), []);
  } finally {
    await q.stop();
  }
});

test('code of a plugin cannot carry out a file by its number', async () => {
  const loose = await hand('hoa', 'not yet given to anybody');
  const told = await hand('dao', 'said in confidence');
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.form', input: {} })).json;
  const asked = await task('hoa', run.id);
  assert.equal((await as('hoa')('POST', `/api/tasks/${asked.id}/attach`, { files: [loose.id] })).status, 200);
  const other = await hand('hoa', 'still loose');
  for (const id of [other.id, told.id, 17]) {
    const r = await s.done((await as('hoa')('POST', '/api/runs', { flow: 't.steal', input: { id } })).json.id);
    assert.deepEqual(r.result, { ok: false, code: 'invalid.file' });
  }
});

test('a form asks for files; the answer has them, the flow passes them on, whoever sees the task sees them', async () => {
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.form', input: {} })).json;
  const asked = await task('hoa', run.id);
  const shown = (await as('hoa')('GET', `/api/tasks/${asked.id}`)).json;
  assert.deepEqual(shown.form?.scan ?? shown.fields?.find((x) => x.name === 'scan')?.type, shown.form?.scan ? 'file!' : 'file');
  const [scan, more] = [await hand('hoa', '%PDF-scan', 'scan.pdf'), await hand('hoa', 'more')];
  const foreign = await hand('cuc', 'foreign');
  for (const [answer, status] of [[{ decision: 'approve' }, 422], [{ decision: 'approve', scan: foreign.id }, 422], [{ decision: 'approve', scan: 'x' }, 422]])
    assert.equal((await decide('hoa', asked.id, answer)).status, status, JSON.stringify(answer));
  assert.equal(await sees('lan', scan.id), false);
  const answer = { decision: 'approve', scan: scan.id, more: [more.id] };
  const text = await s.cli('task', 'decide', asked.id, '--as', 'hoa', '--decision', 'approve', '--field', `scan=${foreign.id}`);
  assert.match(text.err, /no file/);
  assert.equal((await decide('hoa', asked.id, answer)).status, 200);
  assert.equal((await decide('hoa', asked.id, answer)).status, 200); // the same again does no harm
  const end = await s.done(run.id);
  assert.deepEqual([end.state, end.result.hash, end.result.same], ['completed', scan.hash, true], JSON.stringify(end));
  assert.equal(await sees('hoa', scan.id), true);
  assert.equal(await sees('lan', scan.id), true);
  assert.equal(await sees('cuc', scan.id), false);
});

test('remarks with files, and files alone: in the log of the task, in its answer, seen by who sees the task', async () => {
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.form', input: {} })).json;
  const asked = await task('hoa', run.id), at = `/api/tasks/${asked.id}`;
  const [a, b, c, scan] = [await hand('hoa', 'a', 'a.txt'), await hand('lan', 'b', 'b.txt'), await hand('cuc', 'c'), await hand('hoa', 'scan')];
  assert.equal((await as('hoa')('POST', `${at}/comments`, { text: 'see this', files: [a.id] })).status, 200);
  assert.equal((await as('lan')('POST', `${at}/attach`, { files: [b.id], text: '' })).status, 200);
  assert.equal((await as('lan')('POST', `${at}/comments`, { text: 'no file' })).status, 200);
  for (const [who, path, body, status] of [['hoa', 'comments', {}, 422], ['hoa', 'comments', { files: [] }, 422], ['hoa', 'attach', { text: 'x' }, 422],
    ['hoa', 'attach', { files: [c.id] }, 422], ['hoa', 'attach', { files: [a.id, 99] }, 422], ['cuc', 'attach', { files: [c.id] }, 403], ['hoa', 'comments', { text: 'x'.repeat(5000) }, 429]])
    assert.equal((await as(who)('POST', `${at}/${path}`, body)).status, status, `${who} ${path} ${JSON.stringify(body).slice(0, 60)}`);
  assert.equal((await as('cuc')('GET', `${at}/comments`)).status, 403);
  const said = (await as('hoa')('GET', `${at}/comments`)).json;
  assert.deepEqual(said.map((x) => [x.kind, x.text, x.files]), [['comment', 'see this', [a]], ['attached', '', [b]], ['comment', 'no file', undefined]]);
  const log = (await as('hoa')('GET', `${at}/history`)).json;
  assert.deepEqual(log.filter((x) => x.files).map((x) => x.files[0].id), [a.id, b.id]);
  assert.equal(await sees('lan', a.id), true);
  assert.equal(await sees('hoa', b.id), true);
  assert.equal(await sees('cuc', a.id), false);
  assert.equal(await sees('cuc', c.id), true); // hangs nowhere: still its own
  const cli = await s.must('task', 'comments', asked.id, '--as', 'hoa');
  assert.equal(cli.length, 3);
  const d = await hand('hoa', 'd');
  await s.must('task', 'attach', asked.id, `${d.id}`, '--as', 'hoa', '--text', 'by command');
  await decide('hoa', asked.id, { decision: 'approve', scan: scan.id });
  const end = await s.done(run.id);
  assert.deepEqual(end.result.comments.map((x) => x.files?.[0].hash), [a.hash, b.hash, undefined, d.hash]);
  assert.deepEqual(await s.must('verify'), []);
});

test('an approval binds to the files, too: one that was changed while it was read voids it', async () => {
  const [one, two] = [await hand('lan', 'version one', 'plan.txt'), await hand('lan', 'version two', 'plan.txt')];
  const item = (await as('lan')('POST', '/api/content/case', { title: 'Plan', unit: 1, scan: one.id })).json;
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.review', input: { item: item.id } })).json;
  const asked = await task('hoa', run.id);
  assert.equal(asked.about_hash ?? (await as('hoa')('GET', `/api/tasks/${asked.id}`)).json.about_hash, item.hash);
  await as('lan')('PATCH', `/api/content/case/${item.id}`, { scan: two.id }, { 'if-match': '*' });
  await decide('hoa', asked.id, { decision: 'approve' }).catch(() => {});
  const end = await s.done(run.id);
  assert.equal(end.result.voided, true, JSON.stringify(end));
  assert.deepEqual(end.result.changed.map((x) => [x.field, x.before.hash, x.after.hash]), [['scan', one.hash, two.hash]]);
});

test('a link shows the files of what it asks about, by name and digest', async () => {
  const [one, two] = [await hand('lan', 'plan', 'Kế hoạch <1>.txt'), await hand('lan', 'proof', 'proof.txt')];
  // What only looks like a file, in a field of any values, is none.
  const secret = await hand('cuc', 'of cuc alone', 'secret.txt'), guessed = await hand('cuc', 'too');
  const extra = { id: secret.id, hash: secret.hash, name: 'plan.txt', size: 4, more: [{ id: guessed.id, hash: 'zz', name: 'x' }] };
  const item = (await as('lan')('POST', '/api/content/case', { title: 'Shown', unit: 1, scan: one.id, proofs: [two.id], extra })).json;
  const fake = (await as('lan')('POST', '/api/content/case', { title: 'Fake', unit: 1, extra: { id: guessed.id, hash: 'zz', name: 'plan.txt' } })).json;
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.review', input: { item: item.id } })).json;
  const link = await s.must('task', 'link', (await task('hoa', run.id)).id, 'hoa');
  const page = (await s.request('GET', link.path, undefined, { authorization: undefined })).text;
  for (const f of [one, two]) assert.ok(page.includes(f.hash), page);
  assert.match(page, /Kế hoạch 1\.txt[^]*4 B|proof\.txt[^]*5 B/);
  assert.doesNotMatch(page, /href="\/api\/files/); // who has no account cannot follow it
  // Those that it shows are fetched by the link itself, no others, and nothing is when it is used up.
  const asked = await task('hoa', run.id), beside = await hand('lan', 'beside it', 'beside.txt'), hidden = await hand('lan', 'hidden');
  assert.equal((await as('lan')('POST', `/api/tasks/${asked.id}/attach`, { files: [beside.id] })).status, 200);
  assert.match((await s.request('GET', link.path, undefined, { authorization: undefined })).text, new RegExp(`href="${link.path}/files/${beside.id}">beside\\.txt`));
  const fetch = (id, path = link.path) => s.request('GET', `${path}/files/${id}`, undefined, { authorization: undefined });
  for (const [id, text] of [[one.id, 'plan'], [two.id, 'proof'], [beside.id, 'beside it']]) {
    const r = await fetch(id);
    assert.deepEqual([r.status, r.text, r.headers['content-disposition'].startsWith('attachment')], [200, text, true]);
  }
  assert.ok(!page.includes(`files/${secret.id}`) && !page.includes(`<code>${secret.hash}`), page);
  const other = await task('hoa', (await as('lan')('POST', '/api/runs', { flow: 't.review', input: { item: fake.id } })).json.id);
  assert.equal((await fetch(guessed.id, (await s.must('task', 'link', other.id, 'hoa')).path)).status, 404);
  for (const id of [secret.id, guessed.id, hidden.id, 0, 'x', `${one.id}x`, item.id]) assert.equal((await fetch(id)).status, 404, `${id}`);
  assert.equal((await fetch(one.id, '/t/nothing')).status, 404);
  assert.equal((await s.request('POST', link.path, 'decision=approve', { authorization: undefined, 'content-type': 'application/x-www-form-urlencoded' })).status, 200);
  assert.equal((await fetch(one.id)).status, 409);
});

test('only those are asked again whose part has the changed file', async () => {
  const [one, two] = [await hand('lan', 'part one'), await hand('lan', 'part two')];
  const item = (await as('lan')('POST', '/api/content/case', { title: 'Parts', unit: 1, scan: one.id, remark: "n" })).json;
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.parts', input: { item: item.id } })).json;
  const [scan, note] = [await task('hoa', run.id), await task('dao', run.id)];
  await decide('dao', note.id, { decision: 'approve' });
  await as('lan')('PATCH', `/api/content/case/${item.id}`, { scan: two.id }, { 'if-match': '*' });
  const again = (await as('hoa')('GET', `/api/tasks/${scan.id}`)).json;
  assert.deepEqual([again.state, again.changed?.[0]?.field], ['open', 'scan']);
  assert.equal((await as('dao')('GET', `/api/tasks/${note.id}`)).json.state, 'decided');
  assert.equal((await decide('hoa', scan.id, { decision: 'approve' })).status, 200);
  assert.equal((await s.done(run.id)).state, 'completed');
});

test('a published item’s files are everybody’s, those of its draft are not, and no more when it is retracted', async () => {
  const [one, two] = [await hand('lan', 'public'), await hand('lan', 'draft')];
  const item = (await as('lan')('POST', '/api/content/open', { title: 'Open', unit: 1, scan: one.id })).json;
  const at = `/api/content/open/${item.id}`;
  const published = await as('lan')('POST', `${at}/publish`, {}, { 'if-match': '*' });
  assert.equal(published.status, 200, published.text);
  assert.equal((await s.request('GET', at, undefined, { authorization: undefined })).json.scan.id, one.id);
  assert.equal(await sees(undefined, one.id), true);
  assert.equal((await as('lan')('PATCH', at, { scan: two.id }, { 'if-match': '*' })).status, 200);
  assert.equal(await sees(undefined, two.id), false);
  assert.equal(await sees('cuc', two.id), false);
  assert.equal(await sees(undefined, one.id), true);
  assert.equal((await as('lan')('POST', `${at}/publish`, {}, { 'if-match': '*' })).status, 200);
  assert.equal(await sees(undefined, two.id), true);
  assert.equal(await sees(undefined, one.id), false);
  assert.equal(await sees('lan', one.id), true);
  assert.equal((await as('lan')('POST', `${at}/retract`, { reason: 'wrong' }, { 'if-match': '*' })).status, 200);
  assert.equal(await sees(undefined, two.id), false);
});

test('files of a type that is for those who have logged in are for them alone, published or not', async () => {
  const one = await hand('lan', 'inner');
  const item = (await as('lan')('POST', '/api/content/inner', { title: 'Inner', unit: 1, scan: one.id })).json;
  assert.equal((await as('lan')('POST', `/api/content/inner/${item.id}/publish`, {}, { 'if-match': '*' })).status, 200);
  assert.equal(await sees(undefined, one.id), false);
  assert.equal(await sees('cuc', one.id), true);
});

test('a link to a task gives nobody a file by its number', async () => {
  const hidden = await hand('lan', 'behind a link');
  const run = (await as('lan')('POST', '/api/runs', { flow: 't.form', input: {} })).json;
  const asked = await task('hoa', run.id);
  const link = await s.must('task', 'link', asked.id, 'hoa');
  assert.match((await s.request('GET', link.path, undefined, { authorization: undefined, 'accept-language': 'en' })).text, /scan[^]*type="file" name="scan"/);
  const r = await s.request('POST', link.path, `decision=approve&scan=${hidden.id}`, { authorization: undefined, 'content-type': 'application/x-www-form-urlencoded' });
  assert.notEqual(r.status, 200);
  assert.equal((await as('hoa')('GET', `/api/tasks/${asked.id}`)).json.state, 'open');
  assert.equal(sql(s.data, `select count(*) n from file_use where file = ${hidden.id}`)[0].n, 0);
});

test('what hangs is kept for good, and what was let go is swept', async () => {
  const hashes = kept(s).hashes.length;
  await s.stop();
  s.config.clock_offset = 26 * 3600 * 1000;
  await s.start();
  const loose = () => sql(s.data, 'select count(*) n from file where hung = 0')[0].n;
  await s.until1('the loose ones are gone', () => loose() === 0);
  await s.until1('their bytes, too', () => kept(s).hashes.length === sql(s.data, 'select count(distinct hash) n from file')[0].n);
  assert.ok(kept(s).hashes.length < hashes);
  await pause(100);
  assert.deepEqual(await s.must('verify'), []);
});
