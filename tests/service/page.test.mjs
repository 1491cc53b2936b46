// Pages for people, as plain requests: who gets them, what they take, what another site or a bad title cannot do with them.
// How they look and work in a browser: browser.test.mjs.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { Browser, OTHER, PASSWORD, browser, setPassword, totp } from '../lib/browser.mjs';
import { serve } from '../lib/khung.mjs';

const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\'&amp;';
const QUOTED = JSON.stringify(EVIL);
const SOURCE = [
  flow('ask', 'return run:ask { to = person("hoa"), title = input.title, within = input.within, on_timeout = "escalate", escalate = { position = "head", unit = unit("province") } }').replace('title = "ask" }', 'title = "ask", input = { title = "text!", within = "text" } }'),
  flow('both', 'return run:ask { to = { person("hoa"), person("dao") }, title = "Both", form = { decision = "choice:approve,return!", n = { "integer!", min = 1, max = 9, title = { vi = "Số", en = "Figure" } }, day = "date", ok = "boolean", ratio = "number", when = "instant", words = "list:text", whom = "person" } }'),
  flow('about', 'return run:ask { to = person("hoa"), title = "About", about = content.get("note", input.id) }').replace('title = "about" }', 'title = "about", input = { id = "integer!" } }'),
  flow('part', 'return run:ask_all({ { to = person("hoa"), title = "Part", about = content.get("note", input.id), part = { "title" } }, { to = person("dao"), title = "Other", about = content.get("note", input.id), part = { "fee" } } })').replace('title = "part" }', 'title = "part", input = { id = "integer!" } }'),
  `flow.define("evil", { title = "evil" }, function(run)
  local note = content.create("note", { title = ${QUOTED}, body = ${QUOTED} })
  return run:ask { to = person("hoa"), title = ${QUOTED}, help = ${QUOTED}, about = note,
    form = { decision = { "choice:approve,return!", titles = { approve = ${QUOTED} }, title = ${QUOTED} }, note = { "text", title = ${QUOTED}, help = ${QUOTED}, default = ${QUOTED} } } }
end)`,
  flow('secret', 'return run:vote { voters = { person("hoa"), person("dao") }, title = "Secret", secret = true, threshold = "2/3" }'),
  flow('change', 'return run:vote { voters = { person("hoa"), person("dao") }, title = "Open", change = true, threshold = "50%" }'),
  flow('vote', 'return run:vote { body = "board", title = "Vote on it", quorum = "1/2", threshold = "50%" }'),
].join('\n');

describe('pages', () => {
  let s, hoa, dao;
  const enter = async (name) => {
    const b = browser(s), r = await b.loginPage(name, PASSWORD);
    assert.equal(r.status, 303, r.text);
    return b;
  };
  const ask = async (name, input) => (await s.open(await s.startFlow(`t.${name}`, input ?? {}), name === 'part' ? 2 : 1))[0];
  const act = async (b, id, what, fields) => b.submit(await b.form(`/tasks/${id}`, what), fields);
  before(async () => {
    s = await office(SOURCE, { config: { lock_ms: 60000 }, org: { bodies: [{ code: 'board', name: 'Board', unit: 'province' }], body_members: [{ body: 'board', person: 'hoa', from: '2020-01-01' }] } });
    for (const name of ['hoa', 'dao', 'tam']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    }
    s.tokens.hoa = (await s.must('user', 'token', 'hoa')).token;
    await s.must('user', 'add', 'root', '--admin');
    await setPassword(s, 'root', PASSWORD);
    [hoa, dao] = [await enter('hoa'), await enter('dao')];
  });
  after(() => s.stop());

  it('may not be kept, framed, or load anything from elsewhere', async () => {
    const { id } = await ask('ask', { title: 'Frame' });
    for (const [b, path] of [[browser(s), '/login'], [browser(s), '/login/forgot'], [hoa, '/tasks'], [hoa, `/tasks/${id}`], [hoa, '/account'], [hoa, '/tasks/1'], [browser(s), '/auth/reset/x']]) {
      const r = await b.request('GET', path);
      assert.match(r.headers['content-type'], /^text\/html; charset=utf-8$/, path);
      assert.equal(r.headers['cache-control'], 'no-store', path);
      assert.equal(r.headers['x-frame-options'], 'DENY');
      assert.equal(r.headers['x-content-type-options'], 'nosniff');
      assert.equal(r.headers['content-security-policy'], "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
      assert.doesNotMatch(r.text, /<script|<style|style=|\son\w+=|https?:\/\//i, path);
      assert.equal((await b.request('HEAD', path)).text, '');
    }
  });

  it('of tasks and accounts ask for a login first, and come back from it', async () => {
    for (const path of ['/tasks', '/tasks/17?x=1', '/account', '/notices?after=x']) {
      const b = browser(s), r = await b.request('GET', path);
      assert.equal(r.status, 303);
      assert.equal(r.headers.location, `/login?next=${encodeURIComponent(path)}`);
      const form = await b.form(r.headers.location);
      const back = await b.submit(form, { name: 'hoa', password: PASSWORD });
      assert.equal(back.headers.location, path);
    }
    assert.equal((await browser(s).request('GET', '/')).headers.location, '/tasks');
    assert.equal((await hoa.request('GET', '/login')).headers.location, '/tasks');
    // A program's token is no login of a browser.
    await s.as('mai')('GET', '/api/inbox');
    assert.equal((await s.as('mai')('GET', '/tasks')).status, 303);
    assert.equal((await s.as('mai')('POST', '/tasks/1', '_act=claim', { 'content-type': 'application/x-www-form-urlencoded' })).status, 303);
  });

  it('lead nowhere else after the login', async () => {
    for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', '/%09/evil.example', '/\t/evil.example', 'javascript:alert(1)', '/x\r\nSet-Cookie: a=b', `/${'x'.repeat(300)}`, '']) {
      const b = browser(s), r = await b.submit(await b.form(`/login?next=${encodeURIComponent(next)}`), { name: 'hoa', password: PASSWORD });
      assert.equal(r.status, 303);
      assert.equal(r.headers.location, next === '/%09/evil.example' ? next : '/tasks', next);
      const forged = browser(s), word = /name="_csrf" value="([^"]+)"/.exec((await forged.request('GET', '/login')).text)[1];
      const sent = await forged.request('POST', '/login', new URLSearchParams({ _csrf: word, name: 'hoa', password: PASSWORD, next }));
      assert.equal(sent.headers.location, next === '/%09/evil.example' ? next : '/tasks', next);
      const lang = await browser(s).request('GET', `/language/vi?next=${encodeURIComponent(next)}`);
      assert.equal(lang.headers.location, next === '/%09/evil.example' ? next : '/');
      assert.equal(lang.headers['set-cookie'].length, 1);
    }
  });

  it('take no login from another site, nor with a word of another browser', async () => {
    const fields = (word) => new URLSearchParams({ ...(word ? { _csrf: word } : {}), name: 'hoa', password: PASSWORD });
    const other = /name="_csrf" value="([^"]+)"/.exec((await browser(s).request('GET', '/login')).text)[1];
    const b = browser(s);
    assert.equal((await b.request('POST', '/login', fields())).status, 403);
    await b.request('GET', '/login');
    for (const word of [undefined, 'x', other]) assert.equal((await b.request('POST', '/login', fields(word))).status, 403);
    const form = await b.form('/login');
    const word = /name="_csrf" value="([^"]+)"/.exec(form.text)[1];
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }])
      assert.equal((await b.request('POST', '/login', fields(word), headers)).status, 403);
    assert.equal(b.cookies.khung, undefined);
    assert.equal((await b.request('POST', '/login', fields(word))).status, 303);
  });

  it('give a new session at each login, whatever cookie was there', async () => {
    const b = new Browser(`http://127.0.0.1:${s.port}`);
    b.cookies.khung = 'A'.repeat(43);
    await b.loginPage('hoa', PASSWORD);
    assert.notEqual(b.cookies.khung, 'A'.repeat(43));
    const first = b.cookies.khung;
    assert.equal((await b.request('GET', '/account')).status, 200);
    // Again in the same browser: the old one is over.
    const word = /name="_csrf" value="([^"]+)"/.exec((await browser(s).request('GET', '/login')).text)[1];
    assert.ok(word);
    const again = browser(s), page = await again.form('/login');
    again.cookies.khung = first;
    await again.submit(page, { name: 'hoa', password: PASSWORD });
    assert.notEqual(again.cookies.khung, first);
    assert.equal((await b.request('GET', '/account')).status, 303);
  });

  it('say what is wrong with a login, and no more; then make it wait', async () => {
    const texts = [];
    for (const name of ['tam', 'nobody']) {
      const r = await browser(s).loginPage(name, 'wrong words here');
      assert.equal(r.status, 401);
      texts.push(r.text.replace(/value="[^"]*"/g, ''));
    }
    assert.equal(texts[0], texts[1]);
    assert.match(texts[0], /role="alert"[^]*Name or password is wrong/);
    assert.equal((await browser(s).loginPage('', '')).status, 422);
    let r;
    for (let i = 0; i < 8; i++) r = await browser(s).loginPage('tam', 'wrong words here');
    assert.equal(r.status, 429);
    assert.match(r.text, /Too many attempts/);
    assert.match(r.text, /Try again in \d+ seconds/);
    assert.ok(Number(r.headers['retry-after']) > 0);
    await s.must('user', 'unlock', 'tam');
  });

  it('take nothing from a form without the session\'s word', async () => {
    const { id } = await ask('ask', { title: 'Forged' });
    const theirs = /name="_csrf" value="([^"]+)"/.exec((await dao.request('GET', '/account')).text)[1];
    const paths = [[`/tasks/${id}`, { _act: 'decide', decision: 'approve' }], [`/tasks/${id}`, { _act: 'claim' }], ['/account/password', { present: PASSWORD, password: OTHER }],
      ['/account/sessions', {}], ['/account/sessions/1', {}], ['/logout', {}]];
    for (const [path, fields] of paths)
      for (const word of [{}, { _csrf: '' }, { _csrf: theirs }]) {
        const r = await hoa.request('POST', path, new URLSearchParams({ ...fields, ...word }));
        assert.equal(r.status, 403, path);
        assert.match(r.text, /role="alert"/);
      }
    const page = await hoa.form(`/tasks/${id}`, 'decide'), word = /name="_csrf" value="([^"]+)"/.exec(page.text)[1];
    assert.equal((await hoa.request('POST', `/tasks/${id}`, new URLSearchParams({ _csrf: word, _act: 'decide', decision: 'approve' }), { origin: 'https://evil.example' })).status, 403);
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    assert.equal((await hoa.request('GET', '/tasks')).status, 200);
    assert.equal((await hoa.submit(page, { decision: 'approve' })).status, 303);
    assert.equal((await s.must('task', 'show', id)).state, 'decided');
  });

  it('show what others wrote as text, wherever it stands', async () => {
    await s.org({ persons: [{ code: 'dao', name: EVIL }] });
    const { id } = await ask('evil');
    assert.equal((await act(hoa, id, 'comment', { text: EVIL })).status, 303);
    assert.equal((await act(hoa, id, 'delegate', { person: 'dao', reason: EVIL })).status, 303);
    const link = await s.must('task', 'link', id, 'hoa');
    const wrong = await act(hoa, id, 'decide', { decision: EVIL, note: EVIL });
    assert.equal(wrong.status, 422);
    const shown = [wrong.text, (await hoa.request('GET', '/tasks')).text, (await hoa.request('GET', `/tasks/${id}`)).text, (await dao.request('GET', `/tasks/${id}`)).text,
      (await browser(s).request('GET', link.path)).text, (await browser(s).loginPage(EVIL.slice(0, 60), 'x')).text, (await browser(s).request('GET', `/login?next=/${encodeURIComponent(EVIL.replaceAll(' ', '+'))}`)).text];
    for (const text of shown) assert.doesNotMatch(text, /<script|<img|'&amp;/, text);
    assert.match(shown[2], /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    assert.equal(shown[2].split('&lt;script&gt;').length - 1, 13, shown[2]);
    await s.org({ persons: [{ code: 'dao', name: 'Dao' }] });
  });

  it('of the inbox come in pages, the most urgent first, what has no term last', async () => {
    const made = [];
    for (let i = 0; i < 23; i++) made.push(await ask('ask', { title: `Dated ${String(i).padStart(2, '0')}`, within: `${30 - i}d` }));
    for (let i = 0; i < 22; i++) await ask('ask', { title: `Free ${String(i).padStart(2, '0')}` });
    await ask('ask', { title: 'Late one', within: '1s' });
    await s.until1('it is late', async () => (await hoa.request('GET', '/tasks')).text.includes('class="late">Overdue'));
    const seen = [];
    let path = '/tasks', pages = 0;
    for (; path; pages++) {
      const { text } = await hoa.request('GET', path);
      if (pages === 0) assert.match(text, /Late one<\/a>\s*<p class="soft"><span class="late">Overdue/);
      seen.push(...[...text.matchAll(/<a class="title"[^>]*>([^<]*)/g)].map((m) => m[1]).filter((t) => /^(Dated|Free|Late)/.test(t)));
      path = /class="button second" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    assert.equal(pages, 3);
    assert.deepEqual(seen, ['Late one', ...Array.from({ length: 23 }, (_, i) => `Dated ${String(22 - i).padStart(2, '0')}`), ...Array.from({ length: 22 }, (_, i) => `Free ${String(21 - i).padStart(2, '0')}`)]);
    assert.match((await (await enter('tam')).request('GET', '/tasks')).text, /Nothing is asked of you/);
    const root = await enter('root'), r = await root.request('GET', '/tasks');
    assert.equal(r.status, 403, 'an administrator has no business rights');
    assert.equal((await hoa.request('GET', '/tasks?after=x')).status, 400);
  });

  it('read a form by the types of its fields, and tell each that is wrong', async () => {
    const { id, run } = await ask('both');
    const bad = await act(hoa, id, 'decide', { decision: 'approve', n: '99', day: 'yesterday', ratio: 'x', words: 'a' });
    assert.equal(bad.status, 422);
    for (const name of ['n', 'day', 'ratio']) {
      assert.match(bad.text, new RegExp(`<a href="#f-${name}">`), name);
      assert.match(bad.text, new RegExp(`id="f-${name}"[^>]*aria-invalid="true"[^>]*aria-describedby="f-${name}-wrong"`), name);
    }
    assert.match(bad.text, /“Figure”/);
    assert.match(bad.text, /id="f-n"[^>]*value="99"/, 'what was typed is still there');
    assert.match(bad.text, /value="approve" checked/);
    const nobody = await act(hoa, id, 'decide', { decision: 'approve', n: '3', whom: 'nobody' });
    assert.equal(nobody.status, 422);
    assert.match(nobody.text, /id="f-whom-wrong">“Whom”: there is no nobody\./);
    const good = await act(hoa, id, 'decide', { decision: 'approve', n: '3', day: '2021-01-04', ok: 'false', ratio: '0.5', when: '2021-01-04T08:00', words: 'a\r\n\r\nb\r\n', whom: 'mai' });
    assert.equal(good.status, 303, good.text);
    assert.equal(good.headers.location, `/tasks/${id}?done=decide`);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.decision, a.n, a.ok, a.ratio, a.words, a.as], ['approve', 3, false, 0.5, ['a', 'b'], 'person']);
    assert.deepEqual([a.day, a.when], [18631, Date.parse('2021-01-04T01:00:00Z')], 'a day, and local time');
    const after = await hoa.request('GET', good.headers.location);
    assert.match(after.text, /role="status"[^]*Your answer has been stored/);
    assert.match(after.text, /<dt>Decision<\/dt><dd>Approve<\/dd>/);
    assert.match(after.text, />04\/01\/2021<[^]*>04\/01\/2021 08:00<[^]*<dd>Mai<\/dd>/);
  });

  it('allow what REST allows, and no more', async () => {
    const { id } = await ask('both');
    const tam = await enter('tam');
    assert.equal((await tam.request('GET', `/tasks/${id}`)).status, 403);
    const word = /name="_csrf" value="([^"]+)"/.exec((await tam.request('GET', '/account')).text)[1];
    for (const what of ['decide', 'claim', 'delegate', 'hand_back', 'comment', 'recuse'])
      assert.ok([403, 409].includes((await tam.request('POST', `/tasks/${id}`, new URLSearchParams({ _csrf: word, _act: what, decision: 'approve', n: '1', person: 'mai', text: 'x', reason: 'x' }))).status), what);
    assert.equal((await act(dao, id, 'claim', {})).status, 303);
    const taken = await hoa.request('GET', `/tasks/${id}`);
    assert.match(taken.text, /You cannot decide this now\.<\/strong> Dao has taken it on/);
    const theirs = /name="_csrf" value="([^"]+)"/.exec(taken.text)[1];
    const late = await hoa.request('POST', `/tasks/${id}`, new URLSearchParams({ _csrf: theirs, _act: 'decide', decision: 'approve', n: '1' }));
    assert.equal(late.status, 409);
    assert.match(late.text, /role="alert"[^]*Somebody else has taken this on/);
    assert.equal((await act(dao, id, 'comment', { text: '' })).status, 422);
    assert.equal((await act(dao, id, 'release', {})).status, 303);
    assert.equal((await act(dao, id, 'delegate', { person: 'mai@example.org', reason: 'away' })).status, 303);
    assert.match((await hoa.request('GET', `/tasks/${id}`)).text, /Handed to somebody else · Dao → Mai\s*<p>away/);
    for (const [method, path, body, headers, status] of [['DELETE', `/tasks/${id}`, undefined, { 'x-csrf-token': theirs }, 405], ['POST', '/tasks', new URLSearchParams({ _csrf: theirs }), {}, 405],
      ['POST', `/tasks/${id}`, new URLSearchParams({ _csrf: theirs, _act: 'publish' }), {}, 422], ['POST', `/tasks/${id}`, { _act: 'claim' }, { 'x-csrf-token': theirs }, 422], ['GET', '/tasks/99', undefined, {}, 404], ['GET', '/tasks/x', undefined, {}, 404]])
      assert.equal((await hoa.request(method, path, body, headers)).status, status, `${method} ${path}`);
    assert.equal((await act(hoa, id, 'decide', { decision: 'return', n: '1' })).status, 303);
    assert.equal((await dao.request('GET', `/tasks/${id}`)).status, 200);
  });

  it('decide about the text that was shown, and no other; what was voided shows the difference', async () => {
    const note = (await s.done(await s.startFlow('t.write_note'))).result;
    const tasks = await s.open(await s.startFlow('t.part', { id: note }), 2), { id } = tasks.find((t) => t.title === 'Part');
    const before_ = await hoa.form(`/tasks/${id}`, 'decide');
    await s.done(await s.startFlow('t.edit_note', { id: note, fields: { title: 'Another <b>title</b>' } }));
    const refused = await hoa.submit(before_, { decision: 'approve' });
    assert.equal(refused.status, 412);
    assert.match(refused.text, /role="alert"[^]*The text was changed after you looked at it/);
    assert.match(refused.text, /<del><b>Before<\/b>One<\/del><ins><b>Now<\/b>Another &lt;b&gt;title&lt;\/b&gt;<\/ins>/);
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    // REST says the same, with the same word.
    const shown = (await s.as('hoa')('GET', `/api/tasks/${id}`)).json;
    assert.equal(shown.item.title, 'Another <b>title</b>');
    const r = await s.as('hoa')('POST', `/api/tasks/${id}/decide`, { decision: 'approve', hash: 'f'.repeat(64) });
    assert.equal(`${r.status} ${r.json.code}`, '412 task.changed');
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${id}/decide`, { decision: 'approve', hash: shown.shown })).status, 200);
    const whole = await ask('about', { id: note });
    assert.match((await hoa.request('GET', `/tasks/${whole.id}`)).text, /<dt>Title<\/dt><dd>Another/);
    await s.done(await s.startFlow('t.edit_note', { id: note, fields: { title: 'Third' } }));
    const voided = await hoa.request('GET', `/tasks/${whole.id}`);
    assert.equal(voided.status, 200, voided.text);
    assert.match(voided.text, /The text has changed[^]*<del>[^]*Another[^]*<ins>[^]*Third/);
    assert.doesNotMatch(voided.text, /value="decide"/);
    const tam = await enter('tam');
    assert.equal((await tam.request('GET', `/tasks/${whole.id}`)).status, 403, 'who was not asked still sees nothing');
  });

  it('end with a form of no sense: too large, too many fields, no form at all', async () => {
    const { id } = await ask('both'), word = /name="_csrf" value="([^"]+)"/.exec((await hoa.request('GET', '/account')).text)[1];
    const head = `_csrf=${word}&_act=decide&decision=approve&n=1`, form = { 'content-type': 'application/x-www-form-urlencoded' };
    const many = Array.from({ length: 60000 }, (_, i) => `x${i}=1`).join('&');
    for (const [body, status] of [[`${head}&${many}`, 429], [`${head}&words=${'a'.repeat(3 << 20)}`, 429], [`${head}&whom=${'9'.repeat(400)}`, 422], [`${head}&ratio=1e999`, 422], [`${head}&ratio=nan`, 422],
      [`${head}&by=1`, 422], [`${head}&hash=x`, 412], [`${head}&_hash=x`, 412], [`${head}&%00=1&%ff=%fe`, 422], [`${head}&day=%E0%A4`, 422], [`${head}&n=-9223372036854775809`, 422]]) {
      const began = performance.now(), r = await hoa.request('POST', `/tasks/${id}`, body, form);
      assert.equal(r.status, status, `${body.slice(head.length, head.length + 40)}: ${r.text.slice(0, 2000)}`);
      assert.match(r.text, /role="alert"[^]*<\/html>\s*$/);
      assert.ok(performance.now() - began < 5000, body.slice(0, 90));
    }
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    assert.equal((await browser(s).request('POST', '/t/x', many.slice(0, 60000), form)).status, 429);
  });

  it('take votes, and let one stand aside', async () => {
    const { id, run } = await ask('vote');
    const page = await hoa.request('GET', `/tasks/${id}`);
    assert.match(page.text, /Your vote/);
    assert.doesNotMatch(page.text, /value="delegate"/);
    assert.equal((await act(hoa, id, 'recuse', { reason: '' })).status, 422);
    assert.equal((await act(hoa, id, 'recuse', { reason: 'my own' })).status, 303);
    await s.done(run);
  });

  it('say of a vote whether it is secret and may be changed, and show nobody how one voted in secret', async () => {
    const own = async (name, who) => {
      const run = await s.startFlow(`t.${name}`), tasks = await s.open(run, 2);
      return { run, id: tasks.find((t) => t.to[0].person === ids[who]).id, other: tasks.find((t) => t.to[0].person !== ids[who]).id };
    };
    const ids = Object.fromEntries((await s.must('org', 'persons', '--limit', '100')).map((p) => [p.code, p.id]));
    const secret = await own('secret', 'hoa'), page = (await hoa.request('GET', `/tasks/${secret.id}`)).text;
    assert.match(page, /This vote is secret: it is stored that you have voted, and not how\. Once cast it cannot be changed\.[^]*2 members: [^]* must take part, at least 2\/3 of all members must be for it\. Who stays away /);
    assert.equal((await act(hoa, secret.id, 'decide', { decision: 'reject' })).status, 303);
    const after = (await hoa.request('GET', `/tasks/${secret.id}`)).text;
    assert.doesNotMatch(after, /Reject|value="decide"/);
    assert.equal((await act(dao, secret.other, 'decide', { decision: 'approve' })).status, 303);
    assert.deepEqual((await s.done(secret.run)).result.counts, { approve: 1, reject: 1, abstain: 0 });
    const open = await own('change', 'hoa');
    assert.match((await hoa.request('GET', `/tasks/${open.id}`)).text, /This vote is open: the result tells who voted how\. You can change your vote/);
    assert.equal((await act(hoa, open.id, 'decide', { decision: 'reject' })).status, 303);
    assert.match((await hoa.request('GET', `/tasks/${open.id}`)).text, /Change your vote[^]*value="reject" checked/);
    assert.doesNotMatch((await dao.request('GET', `/tasks/${open.other}`)).text, /Change your vote/);
    assert.equal((await act(hoa, open.id, 'decide', { decision: 'approve' })).status, 303);
    assert.equal((await act(dao, open.other, 'decide', { decision: 'approve' })).status, 303);
    assert.deepEqual((await s.done(open.run)).result.counts, { approve: 2, reject: 0, abstain: 0 });
    assert.doesNotMatch((await hoa.request('GET', `/tasks/${open.id}`)).text, /value="decide"/, 'the vote is over');
  });

  it('say in words when something is due', async () => {
    for (const [within, en, vi] of [['1h', /Due (today|tomorrow), <time/, /Hạn (hôm nay|ngày mai), <time/], ['1d', /Due tomorrow, <time/, /Hạn ngày mai, <time/], ['3d', /Due in 3 days, <time/, /Còn 3 ngày, hạn <time/]]) {
      const { id } = await ask('ask', { title: 'Words', within });
      assert.match((await hoa.request('GET', `/tasks/${id}`)).text, en);
      assert.match((await hoa.request('GET', `/tasks/${id}`, undefined, { 'accept-language': 'vi' })).text, vi);
    }
  });

  it('end sessions and change passwords', async () => {
    const [one, two] = [await enter('tam'), await enter('tam')];
    const list = (await one.request('GET', '/account')).text;
    const ids = [...list.matchAll(/action="\/account\/sessions\/(\d+)"/g)].map((m) => m[1]);
    assert.ok(ids.length >= 1);
    for (const path of ids.map((i) => `/account/sessions/${i}`)) {
      const word = /name="_csrf" value="([^"]+)"/.exec(list)[1];
      assert.equal((await one.request('POST', path, new URLSearchParams({ _csrf: word }))).headers.location, '/account?done=session');
      assert.ok([403, 404].includes((await hoa.request('POST', path, new URLSearchParams({ _csrf: /name="_csrf" value="([^"]+)"/.exec((await hoa.request('GET', '/account')).text)[1] }))).status));
    }
    assert.equal((await two.request('GET', '/account')).status, 303);
    const change = async (fields) => one.request('POST', '/account/password', new URLSearchParams({ _csrf: /name="_csrf" value="([^"]+)"/.exec((await one.request('GET', '/account')).text)[1], ...fields }));
    for (const [fields, status] of [[{ present: PASSWORD, password: 'short' }, 422], [{ present: 'wrong', password: OTHER }, 401], [{ present: PASSWORD }, 422]]) {
      const r = await change(fields);
      assert.equal(r.status, status);
      assert.match(r.text, /role="alert"[^]*Where you are logged in/);
    }
    assert.equal((await change({ present: PASSWORD, password: OTHER })).headers.location, '/account?done=password');
    assert.match((await one.request('GET', '/account?done=password')).text, /The password was changed/);
    assert.equal((await browser(s).loginPage('tam', OTHER)).status, 303);
    const out = await one.request('POST', '/logout', new URLSearchParams({ _csrf: /name="_csrf" value="([^"]+)"/.exec((await one.request('GET', '/account')).text)[1] }));
    assert.equal(out.headers.location, '/login');
    assert.equal(one.cookies.khung, undefined);
  });
});

it('the second step of a login is over after five minutes', async () => {
  const s = await serve();
  await s.must('user', 'add', 'lan');
  await setPassword(s, 'lan', PASSWORD);
  const b = browser(s);
  await b.login('lan', PASSWORD);
  const { secret } = (await b.send('POST', '/auth/totp', { present: PASSWORD })).json;
  await b.send('POST', '/auth/totp/confirm', { code: totp(secret) });
  for (const [minutes, status] of [[6, 403], [4, 303]]) {
    const c = browser(s), asked = await c.loginPage('lan', PASSWORD), at = s.config.clock_offset ?? 0;
    assert.equal(asked.status, 200);
    assert.match(asked.text, /autocomplete="one-time-code"/);
    s.config.clock_offset = at + minutes * 60000;
    await s.restart();
    c.base = `http://127.0.0.1:${s.port}`;
    const r = await c.submit({ ...asked, url: `${c.base}/login/code` }, { code: totp(secret, Date.now() + s.config.clock_offset) });
    assert.equal(r.status, status, r.text);
    if (status === 403) assert.match(r.text, /took too long/);
  }
  await s.stop();
});

it('pages are counted against the rate of their reader', async () => {
  const s = await serve({ config: { rate_user: 1, rate_address: 1 } });
  await s.must('user', 'add', 'x');
  await setPassword(s, 'x', PASSWORD);
  const b = browser(s);
  await b.loginPage('x', PASSWORD);
  const all = [];
  for (let i = 0; i < 14; i++) all.push(await b.request('GET', '/tasks'));
  const last = all.at(-1);
  assert.equal(last.status, 429);
  assert.match(last.headers['content-type'], /text\/html/);
  assert.ok(Number(last.headers['retry-after']) > 0);
  await s.stop();
});
