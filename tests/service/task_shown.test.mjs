// An answer is bound to what was shown with its task, files that people attached included: by REST, pages, links and in bulk.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { upload } from '../lib/file.mjs';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';

const input = (text, name, fields) => text.replace(`title = "${name}" }`, `title = "${name}", input = { ${fields} } }`);
const SOURCE = [
  flow('plain', 'return run:ask { to = { person("hoa"), person("dao") }, title = "Plain" }'),
  input(flow('about', 'return run:ask { to = { person("hoa"), person("dao") }, title = "About", about = content.get("note", input.id) }'), 'about', 'id = "integer!"'),
  input(flow('two', 'return run:ask_all({ { to = person("hoa"), title = "Hoa", about = content.get("note", input.id) }, { to = person("dao"), title = "Dao", about = content.get("note", input.id) } })'), 'two', 'id = "integer!"'),
  input(flow('parts', 'return run:ask_all({ { to = person("hoa"), title = "Title", about = content.get("note", input.id), part = { "title" } }, { to = person("dao"), title = "Fee", about = content.get("note", input.id), part = { "fee" } } })'), 'parts', 'id = "integer!"'),
  flow('link', 'return run:ask { to = { person("tam"), person("dao") }, title = "By a link" }'),
].join('\n');

describe('what is attached to a task', () => {
  let s, hoa, dao;
  const ask = async (name, given) => (await s.open(await s.startFlow(`t.${name}`, given ?? {})))[0];
  const note = async () => (await s.done(await s.startFlow('t.write_note'))).result;
  const shown = async (id, who = 'hoa') => (await s.as(who)('GET', `/api/tasks/${id}`)).json.shown;
  const decide = (who, id, more = {}, headers = {}) => s.as(who)('POST', `/api/tasks/${id}/decide`, { decision: 'approve', ...more }, headers);
  const told = (r) => `${r.status} ${r.json?.code ?? ''}`;
  async function attach(who, id, name, bytes = name) {
    const file = (await upload(s, s.tokens[who], bytes, name)).json, r = await s.as(who)('POST', `/api/tasks/${id}/attach`, { files: [file.id] });
    assert.equal(r.status, 200, r.text);
    return file;
  }
  const detach = async (who, id, file) => assert.equal((await s.as(who)('DELETE', `/api/tasks/${id}/files/${file.id}`)).status, 200);
  const alert = (r) => /role="alert"[^>]*>([^]*?)<\/div>/.exec(r.text)?.[1];
  before(async () => {
    s = await office(SOURCE);
    for (const name of ['hoa', 'dao', 'cuc', 'lan']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
      s.tokens[name] = (await s.must('user', 'token', name)).token;
    }
    [hoa, dao] = [browser(s), browser(s)];
    for (const [b, name] of [[hoa, 'hoa'], [dao, 'dao']]) assert.equal((await b.loginPage(name, PASSWORD)).status, 303);
  });
  after(() => s.stop());

  it('is part of the hash that goes with an answer, in whatever order and by whom; a remark is none', async () => {
    const { id } = await ask('about', { id: await note() }), first = (await s.as('hoa')('GET', `/api/tasks/${id}`)).json;
    assert.equal(first.shown, first.about_hash, 'of the text alone while nothing is attached');
    await s.as('dao')('POST', `/api/tasks/${id}/comments`, { text: 'a remark' });
    assert.equal(await shown(id), first.shown);
    const a = await attach('dao', id, 'a.txt'), one = await shown(id), b = await attach('dao', id, 'b.txt'), both = await shown(id);
    assert.equal(new Set([first.shown, one, both]).size, 3);
    const same = (await upload(s, s.tokens.hoa, 'a.txt', 'a.txt')).json;
    await s.as('hoa')('POST', `/api/tasks/${id}/attach`, { files: [same.id] });
    assert.equal(await shown(id), both, 'the same file again, by another');
    await detach('dao', id, a);
    await detach('hoa', id, same);
    await detach('dao', id, b);
    assert.equal(await shown(id), first.shown, 'nothing is attached any more');
    const renamed = await attach('dao', id, 'c.txt', 'a.txt');
    assert.notEqual(await shown(id), one, 'its name is shown, too');
    await detach('dao', id, renamed);
    const lists = [(await s.as('hoa')('GET', '/api/tasks')).json, (await s.as('hoa')('GET', '/api/inbox')).json.tasks].map((l) => (l.items ?? l).find((t) => t.id === id).shown);
    assert.deepEqual(lists, [first.shown, first.shown]);
    assert.equal((await decide('hoa', id, { hash: first.shown })).status, 200);
  });

  it('by REST: an answer to what was shown before is refused, and says which files', async () => {
    const { id, run } = await ask('plain'), was = await shown(id);
    assert.match(was, /^[0-9a-f]{64}$/, 'of a task about no text, too');
    const etag = (await s.as('hoa')('GET', `/api/tasks/${id}`)).headers.etag;
    assert.equal(etag.slice(0, 66), `"${was}-`);
    assert.equal((await s.as('hoa')('GET', `/api/tasks/${id}`, undefined, { 'if-none-match': etag })).status, 304);
    const file = await attach('dao', id, 'Kế hoạch.pdf', '%PDF-plan');
    for (const [more, headers] of [[{ hash: was }, {}], [{}, { 'if-match': etag }], [{}, { 'if-match': `"${'0'.repeat(64)}", W/"${was}"` }]]) {
      const r = await decide('hoa', id, more, headers);
      assert.equal(told(r), '412 task.files_added', r.text);
      assert.match(r.json.detail, /Kế hoạch\.pdf/);
    }
    assert.match((await decide('hoa', id, { hash: was }, { 'accept-language': 'vi' })).json.detail, /Sau khi bạn xem, có thêm tệp đính kèm: Kế hoạch\.pdf/);
    const now = await shown(id);
    await detach('dao', id, file);
    assert.equal(told(await decide('hoa', id, { hash: now })), '412 task.files_removed');
    for (const name of ['x'.repeat(196), 'two', 'three', 'four', 'five']) await attach('dao', id, name);
    const r = await decide('hoa', id, {}, { 'if-match': `"${now}"` });
    assert.equal(told(r), '412 task.files_changed');
    assert.match(r.json.detail, /x{196}, two, three, …\) and taken away \(Kế hoạch\.pdf\)/);
    for (const hash of ['f'.repeat(64), '', 'x', 7, {}, ['a']]) assert.equal(told(await decide('hoa', id, { hash })), '412 task.changed', JSON.stringify(hash));
    for (const match of ['"x"', `"${was.slice(1)}"`, `"${was}x"`, '"', ',', `"${'0'.repeat(64)}"`]) assert.equal((await decide('hoa', id, {}, { 'if-match': match })).status, 412, match);
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    assert.equal((await decide('hoa', id, { hash: await shown(id) }, { 'if-match': (await s.as('hoa')('GET', `/api/tasks/${id}`)).headers.etag })).status, 200);
    const answer = (await s.done(run)).result;
    assert.deepEqual([answer.comments.length, answer.shown], [5, await shown(id)]);
    assert.equal((await decide('hoa', id, { hash: answer.shown })).status, 200, 'the same answer again is none the worse');
  });

  it('is told to nobody whom the task is not asked of', async () => {
    const { id } = await ask('about', { id: await note() }), { about_hash: hash } = (await s.as('hoa')('GET', `/api/tasks/${id}`)).json;
    await attach('dao', id, 'secret name.pdf');
    for (const [more, headers] of [[{ hash }, {}], [{}, { 'if-match': `"${hash}"` }]]) {
      const r = await decide('cuc', id, more, headers);
      assert.equal(told(r), '412 task.changed');
      assert.doesNotMatch(r.text, /secret name/);
    }
  });

  it('on a page: an answer to what was shown before is refused, and the page shows what there is now', async () => {
    const { id, run } = await ask('about', { id: await note() }), page = await hoa.form(`/tasks/${id}`, 'decide');
    await attach('dao', id, 'late & new.txt');
    const r = await hoa.submit(page, { decision: 'approve', comment: 'kept' });
    assert.equal(r.status, 412, r.text);
    assert.match(alert(r), /Files were attached after you looked at it: late &amp; new\.txt\.[^]*Look at what is attached now/);
    assert.match(r.text, /<h2 id="attached">[^]*late &amp; new\.txt/);
    assert.match(r.text, /value="approve" checked[^]*kept<\/textarea>/);
    const form = { ...r, text: [...r.text.matchAll(/<form[^>]*>[^]*?<\/form>/g)].map((m) => m[0]).find((f) => f.includes('value="decide"')) };
    assert.equal((await hoa.submit(form, { decision: 'approve' })).status, 303);
    assert.equal((await s.done(run)).result.comments[0].files[0].name, 'late & new.txt');
  });

  it('in bulk: refuses its own task alone', async () => {
    const tasks = [await ask('plain'), await ask('plain')], ids = tasks.map((t) => t.id), hashes = await Promise.all(ids.map((id) => shown(id)));
    const page = await hoa.form(`/tasks/decide?task=${ids[0]}&task=${ids[1]}`, '');
    await attach('dao', ids[0], 'late.txt');
    const entries = ids.map((task, i) => ({ task, hash: hashes[i] }));
    const asked = await hoa.submit({ ...page, text: page.text.replaceAll('type="checkbox"', 'type="hidden"') }, { task: ids.map(String), decision: 'approve', _step: 'ask' });
    assert.match(asked.text, new RegExp(`href="/tasks/${ids[0]}"[^]*?Files were attached after you looked at it: late\\.txt`), asked.text);
    assert.match(asked.text, /Send all \(1\)/);
    const r = await s.as('hoa')('POST', '/api/tasks/decide', { tasks: entries, answer: { decision: 'approve' } });
    assert.deepEqual(r.json.map((x) => x.code ?? x.done), ['task.files_added', true]);
    assert.match(r.json[0].message, /late\.txt/);
    assert.deepEqual(await Promise.all(ids.map(async (id) => (await s.must('task', 'show', id)).state)), ['open', 'decided']);
  });

  it('by a link: shown again with what there is now, and the link is not used up', async () => {
    const { id, run } = await ask('link'), { path } = await s.must('task', 'link', id, 'tam'), b = browser(s);
    const page = await b.form(path);
    await attach('dao', id, 'late.txt');
    const r = await b.submit(page, { decision: 'approve' });
    assert.equal(r.status, 412, r.text);
    assert.match(alert(r), /late\.txt/);
    assert.match(r.text, /<h2 id="attached">[^]*late\.txt/);
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    assert.equal((await b.submit(await b.form(path), { decision: 'approve' })).status, 200);
    assert.equal((await s.done(run)).result.decision, 'approve');
  });

  it('asks again only whom it was shown to: an answer that was given stands, and nothing is attached to it afterwards', async () => {
    const run = await s.startFlow('t.two', { id: await note() }), tasks = await s.open(run, 2), [mine, theirs] = ['Hoa', 'Dao'].map((title) => tasks.find((t) => t.title === title).id);
    const a = await attach('hoa', mine, 'mine.txt'), page = await dao.form(`/tasks/${theirs}`, 'decide'), answered = await shown(mine);
    assert.equal((await decide('hoa', mine, { hash: answered })).status, 200);
    await attach('dao', theirs, 'theirs.txt');
    assert.equal((await dao.submit(page, { decision: 'approve' })).status, 412, 'asked again');
    assert.deepEqual([(await s.must('task', 'show', mine)).state, await shown(mine)], ['decided', answered]);
    const late = (await upload(s, s.tokens.hoa, 'x', 'late.txt')).json;
    assert.equal(told(await s.as('hoa')('POST', `/api/tasks/${mine}/attach`, { files: [late.id] })), '409 flow.task_closed');
    assert.equal(told(await s.as('hoa')('DELETE', `/api/tasks/${mine}/files/${a.id}`)), '409 flow.task_closed');
    assert.equal((await decide('dao', theirs, { hash: await shown(theirs, 'dao') })).status, 200);
    const { answers } = (await s.done(run)).result;
    assert.deepEqual(answers.map((x) => [x.decision, x.shown === answered, x.comments.map((c) => c.files[0].name)]), [['approve', true, ['mine.txt']], ['approve', false, ['theirs.txt']]]);
  });

  it('stays with a task that is asked again, since a part of its text was changed', async () => {
    const about = await note(), run = await s.startFlow('t.parts', { id: about }), tasks = await s.open(run, 2), mine = tasks.find((t) => t.title === 'Title').id;
    await attach('hoa', mine, 'mine.txt');
    const was = await shown(mine);
    assert.equal((await decide('hoa', mine, { hash: was })).status, 200);
    await s.done(await s.startFlow('t.edit_note', { id: about, fields: { title: 'Newer' } }));
    assert.equal((await s.must('task', 'show', mine)).state, 'open');
    assert.equal(told(await decide('hoa', mine, { hash: was })), '412 task.changed', 'the text is another, and so is the hash');
    assert.match((await hoa.request('GET', `/tasks/${mine}`)).text, /mine\.txt/);
    assert.equal((await decide('hoa', mine, { hash: await shown(mine) })).status, 200);
  });

  it('and taken away again many times is still told apart; there is an end to how many files', async () => {
    const { id } = await ask('plain'), was = await shown(id), files = [];
    for (let i = 0; i < 80; i++) files.push((await upload(s, s.tokens.dao, `${i}`, `${i}.txt`)).json);
    const add = (list) => s.as('dao')('POST', `/api/tasks/${id}/attach`, { files: list.map((f) => f.id) });
    assert.equal((await add(files)).status, 200);
    const all = await shown(id);
    await Promise.all(files.map((f) => detach('dao', id, f)));
    assert.equal(await shown(id), was);
    for (let i = 0; i < 2; i++) assert.equal((await add(files)).status, 200);
    assert.equal(await shown(id), all, 'twice the same');
    assert.equal(told(await add(files)), '429 task.files_most');
    const r = await decide('hoa', id, { hash: was });
    assert.equal(told(r), '412 task.files_added', r.text);
    assert.equal((await decide('hoa', id, { hash: all })).status, 200);
  });

  it('is never so much that it is not shown: what one task takes has an end', async () => {
    const { id } = await ask('plain'), say = (text) => s.as('dao')('POST', `/api/tasks/${id}/comments`, { text });
    const file = await attach('dao', id, 'first.txt'), was = await shown(id);
    for (let i = 1; i < 500; i += 50) assert.ok((await Promise.all(Array.from({ length: Math.min(50, 500 - i) }, (_, k) => say(`${i + k}`)))).every((r) => r.status === 200));
    assert.equal(told(await say('one more')), '429 task.said_most');
    assert.equal(await shown(id), was);
    await detach('dao', id, file);
    assert.notEqual(await shown(id), was);
    assert.doesNotMatch((await hoa.request('GET', `/tasks/${id}`)).text, /id="attached"/);
    assert.equal(told(await decide('hoa', id, { hash: was })), '412 task.files_removed');
  });
});
