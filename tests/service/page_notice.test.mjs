// Pages of one's own, as plain requests: notices and how many are unread, how one wants to be told, the link to the calendar,
// tokens, the second factor. How they look and work in a browser: browser_notice.test.mjs.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TOP } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';
import { PASSWORD, browser, setPassword, totp } from '../lib/browser.mjs';

const jsqr = createRequire(join(TOP, 'build/npm/package.json'))('jsqr');
// What a camera reads in the picture of a page, four dots a module.
function readQr(svg) {
  const side = Number(/viewBox="0 0 (\d+)/.exec(svg)[1]), width = side * 4, dots = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y, w] of /fill="#000" d="([^"]+)"/.exec(svg)[1].matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g))
    for (let dy = 0; dy < 4; dy++)
      for (let dx = 0; dx < 4 * w; dx++) dots.fill(0, ((4 * y + dy) * width + 4 * x + dx) * 4, ((4 * y + dy) * width + 4 * x + dx) * 4 + 3);
  return jsqr(dots, width, width)?.data;
}

const EVIL = '"><script>alert(1)</script>&amp;';
const SOURCE = [
  flow('ask', 'return run:ask { to = person(input.to), title = input.title }').replace('title = "ask" }', 'title = "ask", input = { to = "text!", title = "text!" } }'),
  `flow.define("publish", { title = "publish" }, function(run)
  local item = content.create("note", { title = "Seen by all", body = "b" })
  content.publish(item)
  return item.id
end)`,
].join('\n');

describe('pages of one\'s own', () => {
  let s, hoa, dao;
  const enter = async (name, code) => {
    const b = browser(s), r = await b.login(name, PASSWORD, code ? { totp: code } : {});
    assert.equal(r.status, 200, r.text);
    return b;
  };
  const ask = (to, title) => s.startFlow('t.ask', { to, title }).then((run) => s.open(run)).then(([t]) => t.id);
  const titles = (text) => [...text.matchAll(/class="title"[^>]*>([^<]*)</g)].map((m) => m[1]);
  const count = (text) => /<a href="\/notices">Notices(?: <span class="count">(\d+\+?) <span class="hidden">unread<\/span><\/span>)?<\/a>/.exec(text)[1];
  const word = async (b, path = '/notices') => /name="_csrf" value="([^"]+)"/.exec((await b.request('GET', path)).text)[1];
  const post = async (b, path, fields) => b.request('POST', path, new URLSearchParams({ _csrf: await word(b), ...fields }));
  const as = (name, ...more) => s.must('notice', ...more, '--as', name);
  before(async () => {
    s = await office(SOURCE);
    for (const name of ['hoa', 'dao', 'tam', 'an', 'binh']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    }
    [hoa, dao] = [await enter('hoa'), await enter('dao')];
  });
  after(() => s?.stop());

  it('show notices newest first, each with its link, and how many are unread on every page', async () => {
    assert.match((await hoa.request('GET', '/notices')).text, /You have no notices/);
    const ids = [];
    for (const title of ['One', 'Two', EVIL]) ids.push(await ask('hoa', title));
    const { text } = await hoa.request('GET', '/notices');
    assert.deepEqual(titles(text), ['&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;', 'Two', 'One']);
    for (const id of ids) assert.ok(text.includes(`href="/tasks/${id}"`));
    assert.equal(text.match(/class="new"/g).length, 3);
    for (const path of ['/notices', '/tasks', `/tasks/${ids[0]}`, '/account', '/account/notices', '/account/tokens', '/account/totp', '/tasks/1'])
      assert.equal(count((await hoa.request('GET', path)).text), '3', path);
    assert.equal(count((await dao.request('GET', '/tasks')).text), undefined);
    assert.doesNotMatch((await dao.request('GET', '/notices')).text, /Two/);
    assert.doesNotMatch((await browser(s).request('GET', '/login')).text, /href="\/notices"/);
  });

  it('mark one as read, then all; looking marks nothing, nor does another', async () => {
    const rows = await as('hoa', 'list'), two = rows.find((n) => n.title === 'Two').id;
    const r = await hoa.submit(await hoa.form('/notices', two), {});
    assert.equal(r.status, 303);
    assert.equal(r.headers.location, '/notices?done=read');
    const after = (await hoa.request('GET', r.headers.location)).text;
    assert.match(after, /role="status"><p>Marked as read/);
    assert.equal(count(after), '2');
    assert.deepEqual((await as('hoa', 'list', '--unread')).map((n) => n.title), [EVIL, 'One']);
    // Of somebody else's nothing changes.
    assert.equal((await post(dao, '/notices', { _act: 'read', notice: rows[0].id })).status, 303);
    assert.equal((await post(dao, '/notices', { _act: 'all' })).status, 303);
    assert.equal((await as('hoa', 'list', '--unread')).length, 2);
    assert.equal((await hoa.submit(await hoa.form('/notices', 'all'), {})).headers.location, '/notices?done=read_all');
    const none = (await hoa.request('GET', '/notices')).text;
    assert.equal(count(none), undefined);
    assert.doesNotMatch(none, /Mark as read|Mark all|class="new"/);
    assert.deepEqual(await as('hoa', 'list', '--unread'), []);
  });

  it('give notices in pages, and stay on the page of the one that was marked', async () => {
    for (let i = 0; i < 23; i++) await ask('tam', `No. ${i}`);
    const tam = await enter('tam'), seen = [];
    let at = '/notices', last;
    for (let i = 0; i < 5 && at; i++) {
      last = at;
      const { text } = await tam.request('GET', at);
      seen.push(...titles(text));
      at = /href="(\/notices\?after=[^"]+)"/.exec(text)?.[1];
    }
    assert.deepEqual(seen, Array.from({ length: 23 }, (_, i) => `No. ${22 - i}`));
    assert.notEqual(last, '/notices');
    const r = await tam.submit(await tam.form(last, 'read'), {});
    assert.match(r.headers.location, /^\/notices\?done=read&after=[^&]+$/);
    const back = (await tam.request('GET', r.headers.location)).text;
    assert.deepEqual(titles(back), ['No. 2', 'No. 1', 'No. 0']);
    assert.equal(back.match(/class="new"/g).length, 2);
    const bad = await tam.request('GET', '/notices?after=x');
    assert.equal(bad.status, 400);
    assert.match(bad.text, /role="alert"/);
  });

  it('count to a hundred and no further', async () => {
    const an = await enter('an');
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 10 }, (_, k) => s.startFlow('t.ask', { to: 'an', title: `${i} ${k}` })));
    await s.until1('a hundred notices', async () => count((await an.request('GET', '/account')).text) === '99+');
    await as('an', 'read', '--all');
    assert.equal(count((await an.request('GET', '/account')).text), undefined);
  });

  it('take the wishes of who is logged in, and show them', async () => {
    const form = await hoa.form('/account/notices', 'wishes');
    assert.equal(form.status, 200);
    // Of a duty one can be told in another way, but not left in the dark.
    assert.doesNotMatch(/id="way.task.asked"[^]*?<\/select>/.exec(form.text)[0], /value="none"/);
    assert.match(/id="way.content.published"[^]*?<\/select>/.exec(form.text)[0], /value="none"/);
    const r = await hoa.submit(form, { 'way.task.asked': 'digest', 'way.content.published': 'none', quiet_from: '21:00', quiet_until: '06:30', digest_at: '08:15' });
    assert.equal(r.headers.location, '/account/notices?done=wishes', r.text);
    const wishes = await as('hoa', 'preferences');
    assert.deepEqual([wishes.ways['task.asked'], wishes.ways['content.published'], wishes.ways['task.reminded']], ['digest', 'none', 'mail']);
    assert.deepEqual([wishes.quiet_from, wishes.quiet_until, wishes.digest_at], ['21:00', '06:30', '08:15']);
    const { text } = await hoa.request('GET', r.headers.location);
    assert.match(text, /Your wishes have been stored/);
    assert.match(/id="way.task.asked"[^]*?<\/select>/.exec(text)[0], /value="digest" selected/);
    assert.match(text, /name="quiet_until" type="time" value="06:30"/);
    const cleared = await post(hoa, '/account/notices', { _act: 'wishes', quiet_from: '', quiet_until: '' });
    assert.equal(cleared.status, 303);
    assert.equal((await as('hoa', 'preferences')).quiet_from, undefined);
    assert.equal((await as('dao', 'preferences')).ways['task.asked'], 'mail');
  });

  it('refuse wishes that REST refuses, store none of them, and keep what was typed', async () => {
    for (const [fields, says] of [[{ 'way.task.asked': 'none' }, /is a duty/], [{ 'way.content.published': 'pigeon' }, /is one of/], [{ quiet_from: '25:00' }, /is a time of the day/]]) {
      const r = await post(hoa, '/account/notices', { _act: 'wishes', digest_at: '09:09', ...fields });
      assert.ok([409, 422].includes(r.status), `${r.status} ${r.text}`);
      assert.match(/role="alert"[^]*?<\/div>/.exec(r.text)[0], says);
      assert.match(r.text, /name="digest_at" type="time" value="09:09"/);
      assert.equal((await as('hoa', 'preferences')).digest_at, '08:15');
    }
  });

  it('list what one follows, each to be stopped', async () => {
    await as('hoa', 'follow', '--type', 't.note', '--unit', 'north');
    await as('hoa', 'follow', '--type', 't.note');
    const form = await hoa.form('/account/notices', 'north');
    assert.equal((await hoa.submit(form, {})).headers.location, '/account/notices?done=unfollow');
    assert.deepEqual((await as('hoa', 'preferences')).follows.map((f) => f.unit), [undefined]);
  });

  it('make the link to one\'s calendar, show it once, and end it', async () => {
    const r = await hoa.submit(await hoa.form('/account/notices', 'calendar'), {});
    assert.equal(r.status, 200);
    assert.equal(r.headers['cache-control'], 'no-store');
    const url = /id="url" readonly value="([^"]+)"/.exec(r.text)[1];
    assert.match(url, new RegExp(`^http://127.0.0.1:${s.port}/calendar/[\\w-]{32}\\.ics$`));
    const feed = () => browser(s).request('GET', new URL(url).pathname);
    assert.match((await feed()).text, /^BEGIN:VCALENDAR/);
    assert.ok(!(await hoa.request('GET', '/account/notices')).text.includes('.ics'));
    await hoa.submit(await dao.form('/account/notices', 'revoke'), {}); // with another's word: nothing happens
    assert.equal((await feed()).status, 200);
    assert.equal((await hoa.submit(await hoa.form('/account/notices', 'revoke'), {})).headers.location, '/account/notices?done=revoke');
    assert.equal((await feed()).status, 404);
  });

  it('list one\'s own tokens, and end them; another\'s are not there', async () => {
    const mine = await s.must('user', 'token', 'hoa', '--label', EVIL, '--scope', 'task.list'), theirs = await s.must('user', 'token', 'dao');
    const rest = (token) => s.request('GET', '/api/tasks', undefined, { authorization: `Bearer ${token}` });
    assert.equal((await rest(mine.token)).status, 200);
    const form = await hoa.form('/account/tokens', mine.id);
    assert.ok(!form.text.includes(mine.token) && !form.text.includes('<script'));
    assert.match((await hoa.request('GET', '/account/tokens')).text, /May only: task\.list/);
    assert.ok([403, 404].includes((await post(hoa, '/account/tokens', { _act: 'end', token: theirs.id })).status));
    assert.equal((await rest(theirs.token)).status, 200);
    assert.equal((await hoa.submit(form, {})).headers.location, '/account/tokens?done=token');
    assert.equal((await rest(mine.token)).status, 401);
    const over = (await hoa.request('GET', '/account/tokens?done=token')).text;
    assert.match(over, /The token has ended[^]*Over/);
    assert.doesNotMatch(over, /End it/);
    for (const token of ['0', '-1', 'x', '99999999999999999999', '']) assert.ok([403, 404].includes((await post(hoa, '/account/tokens', { _act: 'end', token })).status), token);
  });

  it('put a second factor on and off, by a password each and a code', async () => {
    const b = await enter('binh');
    const start = async (present) => b.submit(await b.form('/account/totp'), { present });
    assert.match((await b.request('GET', '/account')).text, /href="\/account\/totp">Set up the second factor/);
    const wrong = await start('not the password');
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /role="alert"/);
    const first = await start(PASSWORD), page = await start(PASSWORD);
    const key = (r) => /<code class="key">([A-Z2-7 ]+)<\/code>/.exec(r.text)[1].replace(/ /g, '');
    assert.equal(page.status, 200);
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.match(page.text, new RegExp(`href="otpauth://totp/Khung:binh\\?secret=${key(page)}&amp;issuer=Khung"`));
    assert.match(page.text, /<svg class="qr" role="img" aria-label="QR code with the key" viewBox="0 0 (\d+) \1"/);
    assert.equal(readQr(/<svg[^]*?<\/svg>/.exec(page.text)[0]), `otpauth://totp/Khung:binh?secret=${key(page)}&issuer=Khung`);
    assert.notEqual(key(first), key(page));
    // Not in force yet; a wrong code, and one of the key before, is asked for again without the key.
    assert.equal((await b.request('GET', '/auth/me')).json.totp, false);
    for (const code of ['000000', totp(key(first)), '']) {
      const r = await b.submit({ ...page, text: /<form[^>]*totp\/confirm[^]*?<\/form>/.exec(page.text)[0] }, { code });
      assert.equal(r.status, 401, r.text);
      assert.match(r.text, /role="alert"[^]*This code is wrong[^]*totp\/confirm/);
      assert.ok(!r.text.includes(key(page)));
    }
    const on = await b.submit(await b.form('/account/totp', 'x').catch(() => ({ ...page, text: /<form[^>]*totp\/confirm[^]*?<\/form>/.exec(page.text)[0] })), { code: totp(key(page)) });
    assert.equal(on.status, 200, on.text);
    const codes = [...on.text.matchAll(/<li><code>([^<]+)<\/code><\/li>/g)].map((m) => m[1]);
    assert.equal(new Set(codes).size, 10);
    assert.equal((await b.request('GET', '/auth/me')).json.totp, true);
    assert.equal((await browser(s).login('binh', PASSWORD)).status, 401);
    await enter('binh', totp(key(page), Date.now() + 30000));
    await enter('binh', codes[0]);
    // Begun a second time: only switching it off is offered, and REST's refusal holds.
    const state = await b.request('GET', '/account/totp');
    assert.match(state.text, /action="\/account\/totp\/remove"/);
    assert.doesNotMatch(state.text, /action="\/account\/totp"/);
    assert.equal((await post(b, '/account/totp', { present: PASSWORD })).status, 409);
    assert.equal((await post(b, '/account/totp/remove', { present: 'wrong' })).status, 401);
    assert.equal((await post(b, '/account/totp/remove', {})).status, 422);
    assert.equal((await b.request('GET', '/auth/me')).json.totp, true);
    assert.equal((await b.submit(await b.form('/account/totp'), { present: PASSWORD })).headers.location, '/account?done=totp_off');
    assert.match((await b.request('GET', '/account?done=totp_off')).text, /The second factor is off/);
    assert.equal((await post(b, '/account/totp/confirm', { code: '123456' })).status, 404);
    await enter('binh');
  });

  const FORMS = [['/notices', { _act: 'all' }], ['/account/notices', { _act: 'wishes', digest_at: '10:10' }], ['/account/notices', { _act: 'calendar' }], ['/account/notices', { _act: 'revoke' }],
    ['/account/tokens', { _act: 'end', token: '1' }], ['/account/totp', { present: PASSWORD }], ['/account/totp/confirm', { code: '1' }], ['/account/totp/remove', { present: PASSWORD }]];

  it('take nothing without the word of the session, from another site, by a token or from nobody', async () => {
    const theirs = await word(dao), own = await word(hoa), before = await as('hoa', 'preferences');
    await ask('hoa', 'Still new');
    for (const [path, fields] of FORMS) {
      for (const w of [{}, { _csrf: '' }, { _csrf: theirs }]) assert.equal((await hoa.request('POST', path, new URLSearchParams({ ...w, ...fields }))).status, 403, path);
      assert.equal((await hoa.request('POST', path, new URLSearchParams({ _csrf: own, ...fields }), { origin: 'https://evil.example' })).status, 403, path);
      const nobody = await browser(s).request('POST', path, new URLSearchParams(fields));
      assert.ok([303, 401, 403].includes(nobody.status), `${path} ${nobody.status}`);
      if (nobody.status === 303) assert.match(nobody.headers.location, /^\/login/);
      const token = await s.as('mai')('POST', path, new URLSearchParams(fields).toString(), { 'content-type': 'application/x-www-form-urlencoded' });
      assert.ok([303, 401, 403].includes(token.status), `${path} ${token.status}`);
    }
    assert.equal((await as('hoa', 'list', '--unread')).length, 1);
    assert.deepEqual(await as('hoa', 'preferences'), before);
    for (const path of ['/notices', '/account/notices', '/account/tokens', '/account/totp'])
      assert.equal((await browser(s).request('GET', path)).headers.location, `/login?next=${encodeURIComponent(path)}`);
  });

  it('refuse what their forms do not ask', async () => {
    for (const path of ['/notices', '/account/notices', '/account/tokens']) {
      for (const fields of [{}, { _act: '' }, { _act: 'drop' }]) assert.equal((await post(hoa, path, fields)).status, 422, path);
      assert.equal((await hoa.send('POST', path, { _act: 'all' })).status, 422);
    }
    for (const notice of ['x', '-1', '9'.repeat(30), '0']) assert.equal((await post(hoa, '/notices', { _act: 'read', notice })).status, 303);
    assert.equal((await as('hoa', 'list', '--unread')).length, 1);
  });

  it('are for accounts with a person: who has none is told so', async () => {
    await s.must('user', 'add', 'root', '--admin');
    await setPassword(s, 'root', PASSWORD);
    const root = await enter('root');
    for (const path of ['/notices', '/account/notices']) {
      const r = await root.request('GET', path);
      assert.equal(r.status, 403);
      assert.match(r.text, /role="alert"/);
    }
    assert.equal((await root.request('GET', '/account/tokens')).status, 200);
    assert.equal(count((await root.request('GET', '/account')).text), undefined);
  });

  it('may not be kept, framed, or load anything from elsewhere', async () => {
    for (const path of ['/notices', '/account/notices', '/account/tokens', '/account/totp']) {
      const r = await hoa.request('GET', path);
      assert.equal(r.status, 200);
      assert.equal(r.headers['cache-control'], 'no-store', path);
      assert.equal(r.headers['content-security-policy'], "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
      assert.doesNotMatch(r.text, /<script|<style|style=|\son\w+=|https?:\/\//i, path);
      assert.equal((await hoa.request('HEAD', path)).text, '');
    }
  });
});
