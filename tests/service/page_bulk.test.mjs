// Several tasks decided together on pages: chosen in the inbox, asked once, shown what will happen, decided each for itself, with the text that
// was shown.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { upload } from '../lib/file.mjs';
import { BOUNDARY, PASSWORD, browser, multipart, setPassword } from '../lib/browser.mjs';

const FORM = 'form = { decision = "choice:approve,return!", score = { "integer!", min = 0, max = 9, title = { en = "Score" } }, note = "text", whom = "person" }';
const input = (text, name, fields) => text.replace(`title = "${name}" }`, `title = "${name}", input = { ${fields} } }`);
const SOURCE = [
  'content.type("paper", { fields = { title = "text!" }, title = "title", unit = true, approval = true })',
  input(flow('paper', `return run:ask { to = person("lan"), title = "Paper", about = content.get("paper", input.id), ${FORM} }`), 'paper', 'id = "integer!"'),
  input(flow('same', `return run:ask { to = { person("hoa"), person("dao") }, title = input.title, within = "9d", ${FORM} }`), 'same', 'title = "text!"'),
  flow('other', 'return run:ask { to = person("hoa"), title = "Other" }'),
  flow('files', 'return run:ask { to = person("hoa"), title = "With files", form = { decision = "choice:approve,return!", scan = "file" } }'),
  input(flow('ballot', 'return run:vote { voters = { person("hoa"), person("dao") }, title = input.title, secret = input.secret, threshold = "50%", within = "9d" }'), 'ballot', 'title = "text!", secret = "boolean!"'),
  flow('vote', 'return run:vote { voters = { person("hoa"), person("dao") }, title = "Vote", threshold = "50%" }'),
  input(flow('about', `local note = content.get("note", input.id)
  return run:ask_all({ { to = { person("hoa"), person("lan") }, title = "About", about = note, part = { "title" }, ${FORM} }, { to = person("dao"), title = "Fee", about = note, part = { "fee" } } })`), 'about', 'id = "integer!"'),
].join('\n');

describe('several tasks', () => {
  let s, hoa, dao, lan;
  const same = async (title) => (await s.open(await s.startFlow('t.same', { title })))[0];
  const ask = async (name, given) => (await s.open(await s.startFlow(`t.${name}`, given ?? {}), ['vote', 'about'].includes(name) ? 2 : 1)).find((t) => name !== 'about' || t.title === 'About');
  const note = async () => (await s.done(await s.startFlow('t.write_note'))).result;
  const at = (ids) => `/tasks/decide?${ids.map((id) => `task=${id}`).join('&')}`;
  const state = async (id) => (await s.must('task', 'show', id)).state;
  const hidden = (r) => [...r.text.matchAll(/<input type="(?:hidden|checkbox)" name="([^"]*)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]);
  // The page's form with what was filled in; what one says again replaces what it held.
  const send = (b, r, fields, drop = []) => b.request('POST', '/tasks/decide', new URLSearchParams([...hidden({ text: r.text.slice(r.text.indexOf('action="/tasks/decide"')) }).filter(([k, v]) => !(k in fields) && !drop.includes(v)), ...Object.entries(fields)]));
  const item = (r, id) => new RegExp(`<li(?: class="chosen")?>(?:(?!</li>)[^])*href="/tasks/${id}"[^]*?</li>`).exec(r.text)?.[0];
  before(async () => {
    s = await office(SOURCE);
    for (const name of ['hoa', 'dao', 'lan']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
      s.tokens[name] = (await s.must('user', 'token', name)).token;
    }
    [hoa, dao, lan] = [browser(s), browser(s), browser(s)];
    for (const [b, name] of [[hoa, 'hoa'], [dao, 'dao'], [lan, 'lan']]) assert.equal((await b.loginPage(name, PASSWORD)).status, 303);
  });
  after(() => s.stop());

  it('of one kind are ticked in the inbox, answered once, and decided after a question', async () => {
    const tasks = [await same('One <b>'), await same('Two'), await same('Three')], ids = tasks.map((t) => t.id);
    const inbox = await hoa.request('GET', '/tasks');
    assert.match(inbox.text, /<form method="get" action="\/tasks\/decide">/);
    assert.match(inbox.text, new RegExp(`<input type="checkbox" name="task" value="${ids[0]}" aria-label="Choose: One &lt;b&gt;">`));
    let r = await hoa.request('GET', at(ids));
    assert.equal(r.status, 200);
    for (const t of ['One &lt;b&gt;', 'Two', 'Three']) assert.match(r.text, new RegExp(`>${t}</a>`));
    r = await send(hoa, r, { decision: 'approve', score: '12', note: 'kept', _step: 'ask' });
    assert.equal(r.status, 422);
    assert.match(r.text, /<a href="#f-score">“Score” is outside the range[^]*kept<\/textarea>/);
    assert.equal(r.text.split('name="task"').length - 1, 3, 'what was ticked still is');
    r = await send(hoa, r, { decision: 'approve', score: '7', note: 'kept', _person_whom: 'mai', _step: 'ask' }, [`${ids[1]}`]);
    assert.equal(r.status, 200, r.text);
    assert.match(r.text, /<dt>Score<\/dt><dd>7<\/dd>/);
    assert.match(r.text, /<dd>Mai<\/dd>/);
    assert.match(item(r, ids[0]), /→ <strong>Approve<\/strong>/);
    assert.equal(item(r, ids[1]), undefined);
    assert.match(r.text, /Send all \(2\)/);
    assert.deepEqual(await Promise.all(ids.map(state)), ['open', 'open', 'open'], 'nothing happened yet');
    const back = await send(hoa, r, { _step: 'back' });
    assert.match(back.text, /kept<\/textarea>/);
    assert.match(back.text, /value="7"/);
    const done = await send(hoa, r, { _step: 'do' });
    assert.equal(done.status, 200, done.text);
    assert.match(done.text, /role="status"><p>Answers stored: 2\./);
    assert.match(item(done, ids[2]), /✓ Your answer has been stored/);
    assert.deepEqual(await Promise.all(ids.map(state)), ['decided', 'open', 'decided']);
    const a = (await s.done(tasks[2].run)).result;
    assert.deepEqual([a.decision, a.score, a.note, a.as], ['approve', 7, 'kept', 'person']);
    // Sent again by a browser's reload: nothing more happens, and it is told.
    const again = await send(hoa, r, { _step: 'do' });
    assert.match(again.text, /Answers stored: 0\./);
    assert.match(item(again, ids[0]), /This is not open any more/);
  });

  it('that cannot be decided with the others say why', async () => {
    const [first, taken, other, files, vote] = [await same('First'), await same('Taken'), await ask('other'), await ask('files'), await ask('vote')];
    const gone = await same('Gone'), mine = (await s.must('task', 'list', '--user', 'hoa')).find((t) => t.run === vote.run);
    await s.as('dao')('POST', `/api/tasks/${taken.id}/claim`);
    await s.as('dao')('POST', `/api/tasks/${gone.id}/decide`, { decision: 'return', score: 1 });
    const r = await hoa.request('GET', at([first.id, taken.id, other.id, files.id, mine.id, gone.id, 99, first.id, 'x']));
    assert.equal(r.status, 200);
    const out = { text: r.text.slice(r.text.indexOf('Not with the others')) };
    for (const [id, why] of [[taken.id, /Dao has taken it on/], [other.id, /asks something else/], [files.id, /asks something else/], [mine.id, /Ballots are cast together with ballots of the same kind alone/], [gone.id, /not any more: somebody else may have decided it/], [99, /no such task/]])
      assert.match(item(out, id), why, `${id}`);
    assert.equal(r.text.split('name="task"').length - 1, 1);
    // Between the pages somebody was first: told in the summary, and in the end.
    const second = await same('Second'), page = await hoa.request('GET', at([first.id, second.id]));
    await s.as('dao')('POST', `/api/tasks/${first.id}/claim`);
    const asked = await send(hoa, page, { decision: 'approve', score: '1', _step: 'ask' });
    assert.match(item(asked, first.id), /Dao has taken it on/);
    assert.match(asked.text, /Send all \(1\)/);
    await s.as('dao')('POST', `/api/tasks/${second.id}/decide`, { decision: 'return', score: 1 });
    const done = await send(hoa, asked, { _step: 'do' });
    assert.match(done.text, /Answers stored: 0\./);
    assert.match(item(done, second.id), /not any more: somebody else may have decided it/);
    assert.equal((await s.done(second.run)).result.decision, 'return');
  });

  it('each go with the text that was shown, and never by who wrote it', async () => {
    const [one, two] = [await note(), await note()], tasks = [await ask('about', { id: one }), await ask('about', { id: two })], ids = tasks.map((t) => t.id);
    let page = await hoa.request('GET', at(ids));
    assert.match(page.text, new RegExp(`name="_hash_${ids[0]}" value="[0-9a-f]{64}"`));
    assert.match(page.text, /What it is about<\/summary>\s*<dl>/);
    await s.done(await s.startFlow('t.edit_note', { id: one, fields: { title: 'Newer' } }));
    let asked = await send(hoa, page, { decision: 'approve', score: '1', _step: 'ask' });
    assert.match(item(asked, ids[0]), /The text was changed after you looked at it/);
    assert.match(asked.text, /Send all \(1\)/);
    page = await hoa.request('GET', at(ids));
    asked = await send(hoa, page, { decision: 'approve', score: '1', _step: 'ask' });
    assert.match(asked.text, /Send all \(2\)/);
    await s.done(await s.startFlow('t.edit_note', { id: two, fields: { title: 'Newest' } }));
    const done = await send(hoa, asked, { _step: 'do' });
    assert.match(done.text, /Answers stored: 1\./);
    assert.match(item(done, ids[1]), /The text was changed after you looked at it/);
    assert.deepEqual(await Promise.all(ids.map(state)), ['decided', 'open']);
    // REST takes the same: a hash for each.
    const r = await s.as('hoa')('POST', '/api/tasks/decide', { tasks: [{ task: ids[1], hash: 'f'.repeat(64) }], answer: { decision: 'approve', score: 2 } });
    assert.deepEqual(r.json.map((x) => x.code), ['task.changed']);
    const own = (await s.as('lan')('POST', '/api/content/paper', { title: 'Own', unit: 1 })).json.id, mine = await ask('paper', { id: own });
    const theirs = await lan.request('GET', at([mine.id, ids[1]])), told = await send(lan, theirs, { decision: 'approve', score: '1', _step: 'ask' });
    assert.match(item(theirs, mine.id), /Whoever wrote or submitted a text does not approve it/);
    assert.match(told.text, /Send all \(1\)/);
  });

  const ballot = async (title, secret = false) => { const run = await s.startFlow('t.ballot', { title, secret }); await s.open(run, 2); return { run, ...(await s.must('task', 'list', '--user', 'hoa')).find((t) => t.run === run) }; };

  it('that are ballots of one kind are cast together, secret ones apart from open ones', async () => {
    const open = [await ballot('First'), await ballot('Second')], secret = [await ballot('Third', true), await ballot('Fourth', true)], ids = open.map((t) => t.id), ask_ = await same('Ask');
    assert.match((await hoa.request('GET', '/tasks')).text, new RegExp(`name="task" value="${ids[0]}"`));
    let r = await hoa.request('GET', at([...ids, secret[0].id, ask_.id]));
    const out = { text: r.text.slice(r.text.indexOf('Not with the others')) };
    for (const id of [secret[0].id, ask_.id]) assert.match(item(out, id), /Ballots are cast together with ballots of the same kind alone/);
    assert.match(r.text, /<div class="note">\s*<p>[^<]+<\/p>\s*<\/div>\s*<fieldset/);
    assert.match(item(r, ids[1]), /2 members: more than 1\/2 must take part, at least 50% of all members must be for it/);
    r = await send(hoa, r, { decision: 'approve', _step: 'ask' });
    assert.match(r.text, /Send all \(2\)/);
    // Meanwhile one is cast elsewhere: it alone is refused.
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${ids[0]}/decide`, { decision: 'reject' })).status, 200);
    r = await send(hoa, r, { _step: 'do' });
    assert.match(r.text, /Answers stored: 1\./);
    assert.match(item(r, ids[0]), /not open any more|has been cast|voted/i);
    for (const t of open) assert.equal((await s.as('dao')('POST', `/api/tasks/${(await s.must('task', 'list', '--user', 'dao')).find((x) => x.run === t.run).id}/decide`, { decision: 'approve' })).status, 200);
    assert.deepEqual((await Promise.all(open.map(async (t) => (await s.done(t.run)).result.counts))).map((c) => [c.approve, c.reject]), [[1, 1], [2, 0]]);
    // By REST, too: each by itself, and never with another kind.
    const all = await s.as('hoa')('POST', '/api/tasks/decide', { tasks: [{ task: secret[0].id, hash: (await s.must('task', 'show', secret[0].id)).shown }, { task: secret[1].id, hash: 'f'.repeat(64) }, ask_.id, 99, secret[0].id], answer: { decision: 'approve' } });
    assert.deepEqual(all.json.map((x) => x.code ?? x.done), [true, 'task.changed', 'vote.alone', 'flow.no_task', 'vote.twice']);
    assert.deepEqual((await s.as('hoa')('POST', '/api/tasks/decide', { tasks: [ask_.id, secret[1].id], answer: { decision: 'approve', score: 1 } })).json.map((x) => x.code ?? x.done), [true, 'vote.alone']);
    const bad = await s.as('hoa')('POST', '/api/tasks/decide', { tasks: [secret[1].id], answer: { decision: 'maybe' } });
    assert.equal(bad.json[0].done, undefined);
    assert.equal(await state(secret[1].id), 'open');
    assert.deepEqual((await s.must('task', 'show', secret[0].id)).answer.decision, undefined, 'a secret one stays one');
  });

  it('that ask for files get them once, in one form', async () => {
    const tasks = [await ask('files'), await ask('files')], ids = tasks.map((t) => t.id);
    let r = await hoa.request('GET', at(ids));
    assert.match(r.text, /<form method="post" enctype="multipart\/form-data" action="\/tasks\/decide" novalidate>/);
    const post = (page, fields, files = []) => hoa.request('POST', '/tasks/decide', multipart([...hidden({ text: page.text.slice(page.text.indexOf('action="/tasks/decide"')) }).filter(([k]) => !(k in fields)), ...Object.entries(fields)], files), { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` });
    r = await post(r, { _step: 'ask' }, [['scan', 'plan.pdf', '%PDF-1']]);
    assert.equal(r.status, 422);
    assert.match(r.text, /“Decision” is missing[^]*<input type="checkbox" name="scan" value="\d+" checked> <span>Keep plan\.pdf/);
    r = await post(r, { decision: 'approve', _step: 'ask' });
    assert.equal(r.status, 200, r.text);
    assert.match(r.text, /<dt>Scan<\/dt><dd>plan\.pdf <span class="soft">\(6 B\)/);
    assert.match(r.text, /Send all \(2\)/);
    assert.deepEqual(await Promise.all(ids.map(state)), ['open', 'open']);
    r = await send(hoa, r, { _step: 'do' });
    assert.match(r.text, /Answers stored: 2\./, r.text);
    const answers = await Promise.all(tasks.map(async (t) => (await s.done(t.run)).result));
    assert.deepEqual(answers.map((a) => [a.decision, a.scan.name, a.scan.id]), [['approve', 'plan.pdf', answers[0].scan.id], ['approve', 'plan.pdf', answers[0].scan.id]]);
    // Too large, of another's form, with files of somebody else.
    const more = await ask('files'), page = await hoa.request('GET', at([more.id]));
    assert.equal((await post({ text: page.text.replace(/name="_csrf" value="[^"]+"/g, 'name="_csrf" value="x"') }, { decision: 'approve' }, [['scan', 'a', 'b']])).status, 403);
    r = await post(page, { decision: 'approve', _step: 'ask' }, [['scan', 'empty.pdf', '']]);
    assert.equal(r.status, 422);
    assert.match(r.text, /empty\.pdf/);
    const { json: theirs } = await upload(s, s.tokens.dao, 'x', 'x.txt');
    r = await send(hoa, page, { decision: 'approve', scan: `${theirs.id}`, _step: 'do' });
    assert.match(item(r, more.id), /there is no such file/);
    assert.equal(await state(more.id), 'open');
  });

  it('show what is attached to each', async () => {
    const { id } = await same('Attached'), { json: file } = await upload(s, s.tokens.dao, 'x', 'late & new.txt');
    assert.equal((await s.as('dao')('POST', `/api/tasks/${id}/attach`, { files: [file.id] })).status, 200);
    assert.match(item(await hoa.request('GET', at([id])), id), new RegExp(`<a href="/api/files/${file.id}">late &amp; new\\.txt</a>`));
  });

  it('of no sense are refused', async () => {
    const { id } = await same('Sense'), word = /name="_csrf" value="([^"]+)"/.exec((await hoa.request('GET', at([id]))).text)[1];
    const post = (fields, headers = {}) => hoa.request('POST', '/tasks/decide', new URLSearchParams(fields), headers);
    for (const [r, status] of [[await hoa.request('GET', '/tasks/decide'), 422], [await hoa.request('GET', at(Array.from({ length: 101 }, (_, i) => i + 1))), 422], [await post({ _csrf: word }), 422], [await post({ task: id, decision: 'approve', score: '1', _step: 'do' }), 403],
      [await post({ _csrf: word, task: id, decision: 'approve', score: '1', _step: 'do' }, { origin: 'https://evil.example' }), 403], [await post({ _csrf: word, task: id, decision: 'maybe', score: '1', _step: 'do' }), 200], [await post({ _csrf: word, task: id, _step: 'do', [`_hash_${id}`]: 'x', decision: 'approve', score: 1 }), 200],
      [await hoa.request('DELETE', '/tasks/decide', undefined, { 'x-csrf-token': word }), 405], [await browser(s).request('GET', at([id])), 303]]) {
      assert.equal(r.status, status, r.text);
      if (status > 400) assert.match(r.text, /role="alert"|"status":405/);
      if (status === 200) assert.match(r.text, /Answers stored: 0\./);
    }
    assert.equal(await state(id), 'open');
    assert.equal((await dao.request('GET', '/tasks')).status, 200);
  });
});
