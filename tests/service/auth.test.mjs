// Logging in, with the real program: passwords, sessions, forgery, lockout, second factor, links. OIDC is oidc.test.mjs.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, folder, pause, serve, write } from '../lib/khung.mjs';
import { Sink } from '../lib/sink.mjs';
import { OTHER, PASSWORD, browser, mails, resetToken, setPassword, totp, withUser } from '../lib/browser.mjs';

const setupLink = (log) => /\/auth\/setup\/([A-Za-z0-9_-]{43})/.exec(log)?.[1];

describe('the first start', () => {
  let s, token;
  before(async () => {
    s = await serve({ config: { password_length: 14 } });
    for (let i = 0; i < 200 && !(token = setupLink(s.log)); i++) await pause(20);
  });
  after(() => s.stop());

  it('logs a link, which a program may open as often as it likes', async () => {
    assert.ok(token, s.log);
    for (const lang of ['vi', 'en', 'vi']) {
      const page = await browser(s).request('GET', `/auth/setup/${token}`, undefined, { 'accept-language': lang });
      assert.equal(page.status, 200);
      assert.match(page.text, lang === 'vi' ? /<html lang="vi">[^]*Tạo quản trị viên[^]*Ít nhất 14/ : /<html lang="en">[^]*Make an administrator[^]*14/);
      for (const id of ['name', 'password']) assert.match(page.text, new RegExp(`<label for="${id}">`));
      assert.match(page.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
      assert.equal(page.headers['cache-control'], 'no-store');
      assert.doesNotMatch(page.text, /<script|style=|<style/);
    }
    assert.equal((await s.must('user', 'list')).length, 0);
  });

  it('tells on the form what is wrong, and the link is still good', async () => {
    for (const [name, password] of [['boss', 'zq zq'], ['bad name!', PASSWORD], ['boss"><i>', PASSWORD]]) {
      const r = await browser(s).send('POST', `/auth/setup/${token}`, new URLSearchParams({ name, password }));
      assert.equal(r.status, 422, r.text);
      assert.match(r.text, /role="alert"/);
      assert.match(r.text, /<form/);
      assert.doesNotMatch(r.text, /<i>/);
      assert.ok(!r.text.includes(password), 'a page never shows a password');
    }
    const elsewhere = await browser(s).request('POST', `/auth/setup/${token}`, new URLSearchParams({ name: 'boss', password: PASSWORD }),
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    assert.equal(elsewhere.status, 403);
  });

  it('makes one administrator, once, with no business rights', async () => {
    const both = await Promise.all(['boss', 'boss2'].map((name) =>
      browser(s).send('POST', `/auth/setup/${token}`, new URLSearchParams({ name, password: PASSWORD }))));
    assert.deepEqual(both.map((r) => r.status).sort(), [200, 404]);
    assert.equal((await browser(s).request('GET', `/auth/setup/${token}`)).status, 404);
    const users = await s.must('user', 'list');
    assert.equal(users.length, 1);
    assert.equal(users[0].admin, true);
    const b = browser(s);
    assert.equal((await b.login(users[0].name, PASSWORD)).json.admin, true);
    assert.equal((await b.request('GET', '/api/users')).status, 200);
    const made = await b.send('POST', '/api/content/article', { title: 'x' });
    assert.ok([403, 404].includes(made.status), made.text);
    assert.equal((await b.send('POST', '/api/runs', { flow: 'p.x' })).status, 403);
    assert.equal((await b.request('GET', '/api/tasks')).status, 403);
  });

  it('says nothing more at the next start; a command makes a further link', async () => {
    await s.restart();
    await s.must('user', 'list');
    assert.equal(setupLink(s.log), undefined);
    const { link } = await s.must('user', 'setup-link');
    assert.ok(link.startsWith(`http://127.0.0.1:${s.port}/auth/setup/`), link);
    const r = await browser(s).send('POST', new URL(link).pathname, { name: 'second', password: PASSWORD });
    assert.equal(r.status, 200, r.text);
    assert.equal(r.json.name, 'second');
  });

  it('keeps no password and no token as it is', async () => {
    const { link } = await s.must('user', 'setup-link');
    await s.stop();
    const bytes = readFileSync(join(s.data, 'khung.db')).toString('latin1');
    assert.ok(!bytes.includes(PASSWORD));
    assert.ok(!bytes.includes(link.split('/').pop()));
    assert.equal(statSync(join(s.data, 'auth.key')).mode & 0o777, 0o600);
    await s.start();
  });
});

describe('sessions', () => {
  let s;
  before(async () => {
    s = await serve();
    await withUser(s);
    await s.must('user', 'add', 'root', '--admin');
    await setPassword(s, 'root', PASSWORD);
  });
  after(() => s.stop());

  it('begin with a name and its password, in a cookie that scripts and other sites do not get', async () => {
    const b = browser(s), r = await b.login('lan', PASSWORD);
    assert.equal(r.status, 200, r.text);
    assert.equal(r.json.name, 'lan');
    const line = b.lines.find((l) => l.startsWith('khung='));
    assert.match(line, /^khung=[A-Za-z0-9_-]{43}; Path=\/; SameSite=Lax; Max-Age=2592000; HttpOnly$/);
    const word = b.lines.find((l) => l.startsWith('khung-csrf='));
    assert.doesNotMatch(word, /HttpOnly/);
    assert.equal(b.cookies['khung-csrf'], r.json.csrf);
    assert.equal((await b.request('GET', '/auth/me')).json.name, 'lan');
    assert.equal((await b.request('GET', '/api/units')).status, 200);
  });

  it('do not begin with a wrong one, and say no more than that', async () => {
    const said = [];
    for (const [name, password] of [['lan', 'wrong'], ['nobody', PASSWORD], ['root', ''], ['lan', PASSWORD.toUpperCase()]]) {
      const b = browser(s), r = await b.login(name, password);
      assert.equal(r.status, 401);
      assert.deepEqual(b.cookies, {});
      said.push(r.text.replace(/"request":"[^"]*"/, ''));
    }
    assert.equal(new Set(said).size, 1, said.join('\n'));
    await s.must('user', 'unlock', 'lan');
  });

  it('take as long for a name that is not there', async () => {
    const took = { lan: [], nobody: [] };
    for (let i = 0; i < 12; i++)
      for (const name of ['lan', 'nobody']) {
        const began = performance.now();
        const r = await browser(s).login(name === 'lan' ? 'lan' : `nobody${i}`, 'wrong password here');
        assert.equal(r.status, 401, r.text);
        took[name].push(performance.now() - began);
        if (name === 'lan') await s.must('user', 'unlock', 'lan');
      }
    const [known, unknown] = [took.lan, took.nobody].map((l) => l.sort((a, b) => a - b)[3]);
    assert.ok(unknown > known * 0.6 && unknown < known * 1.6, `${known} ms for one that is there, ${unknown} ms for one that is not`);
    assert.ok(unknown > 20, `a hash was made: ${unknown} ms`);
  });

  it('have a new id at each login, and the old one ends', async () => {
    const b = browser(s);
    await b.login('lan', PASSWORD);
    const old = { ...b.cookies };
    await b.login('lan', PASSWORD);
    assert.notEqual(b.cookies.khung, old.khung);
    const again = browser(s);
    again.cookies = old;
    assert.equal((await again.request('GET', '/auth/me')).status, 401);
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
  });

  it('are not taken from outside: a cookie that was set before the login is not the session', async () => {
    const b = browser(s);
    b.cookies = { khung: 'A'.repeat(43) };
    await b.login('lan', PASSWORD);
    assert.notEqual(b.cookies.khung, 'A'.repeat(43));
  });

  it('are listed and ended by their owner, at once', async () => {
    const [a, b] = [browser(s), browser(s)];
    await a.login('lan', PASSWORD);
    await b.request('POST', '/auth/login', { name: 'lan', password: PASSWORD }, { 'user-agent': 'Phone' });
    const list = (await a.request('GET', '/auth/sessions')).json;
    const mine = list.find((x) => x.current), other = list.find((x) => x.agent === 'Phone');
    assert.ok(mine && other && mine.id !== other.id, JSON.stringify(list));
    assert.equal(other.address, '127.0.0.1');
    assert.ok(!JSON.stringify(list).includes(b.cookies.khung));
    assert.equal((await a.send('DELETE', `/auth/sessions/${other.id}`)).status, 204);
    assert.equal((await b.request('GET', '/auth/me')).status, 401);
    assert.equal((await a.send('DELETE', `/auth/sessions/${other.id}`)).status, 404);
    for (const id of ['x', '0', '-1', '99999999999999999999', '1.5', '%2e%2e'])
      assert.ok([422, 404].includes((await a.send('DELETE', `/auth/sessions/${id}`)).status), id);
    await b.login('lan', PASSWORD);
    assert.equal((await a.send('DELETE', '/auth/sessions')).status, 204);
    assert.equal((await b.request('GET', '/auth/me')).status, 401);
    assert.equal((await a.request('GET', '/auth/me')).status, 200);
    assert.equal((await a.send('POST', '/auth/logout')).status, 204);
    assert.deepEqual(a.cookies, {});
  });

  it('of others are the administrator\'s alone, by page and by command', async () => {
    const [lan, root] = [browser(s), browser(s)];
    await lan.login('lan', PASSWORD);
    await root.login('root', PASSWORD);
    const rootSession = (await root.request('GET', '/auth/sessions')).json.find((x) => x.current);
    for (const name of ['root', 'nobody']) assert.equal((await lan.request('GET', `/api/users/${name}/sessions`)).status, 403);
    assert.equal((await lan.send('DELETE', `/api/users/root/sessions/${rootSession.id}`)).status, 403);
    assert.equal((await lan.send('DELETE', `/auth/sessions/${rootSession.id}`)).status, 404);
    const [of] = (await root.request('GET', '/api/users/lan/sessions')).json;
    assert.equal((await root.send('DELETE', `/auth/sessions/${of.id}`)).status, 404, 'there it is one\'s own alone');
    assert.equal((await root.send('DELETE', `/api/users/lan/sessions/${of.id}`)).status, 204);
    assert.equal((await lan.request('GET', '/auth/me')).status, 401);
    await lan.login('lan', PASSWORD);
    const [listed] = await s.must('user', 'sessions', 'lan');
    await s.must('user', 'end-session', listed.id);
    assert.equal((await lan.request('GET', '/auth/me')).status, 401);
    await lan.login('lan', PASSWORD);
    await s.must('user', 'add', 'hoa');
    await setPassword(s, 'hoa', PASSWORD);
    const hoa = browser(s);
    await hoa.login('hoa', PASSWORD);
    await s.must('user', 'disable', 'hoa');
    assert.equal((await hoa.request('GET', '/auth/me')).status, 401);
    assert.equal((await hoa.login('hoa', PASSWORD)).status, 401);
  });

  it('live through a restart', async () => {
    const b = browser(s);
    await b.login('lan', PASSWORD);
    await s.kill();
    await s.start();
    b.base = `http://127.0.0.1:${s.port}`;
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
  });

  it('do no harm to a service with malformed cookies, bodies and tokens', async () => {
    const b = browser(s);
    await b.login('lan', PASSWORD);
    const good = b.cookies.khung;
    const bad = ['', '=', ';;;', 'khung', 'khung=', `khung=${good}x`, `khung=${good.slice(1)}`, `khung="${good}"`, `xkhung=${good}`,
      `khung=${'A'.repeat(7000)}`, 'khung=%00', `khung=\x80\xff`, `KHUNG=${good}`, `khung =${good}`, '__Host-khung=a', 'khung=a; '.repeat(500)];
    for (const cookie of bad) {
      const r = await b.request('GET', '/auth/me', undefined, { cookie: Buffer.from(cookie, 'latin1').toString('latin1') });
      assert.equal(r.status, 401, JSON.stringify(cookie.slice(0, 60)));
    }
    let seed = 7;
    const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n; };
    for (let i = 0; i < 200; i++) {
      const bytes = [...good];
      for (let k = random(4) + 1; k > 0; k--) bytes[random(43)] = String.fromCharCode(33 + random(90));
      const cookie = bytes.join('');
      if (cookie === good) continue;
      assert.equal((await b.request('GET', '/auth/me', undefined, { cookie: `khung=${cookie}` })).status, 401, cookie);
    }
    for (const body of ['', '{', '[]', '7', 'null', '{"name":7,"password":[]}', '{"name":"a\\u0000b","password":"x"}', `{"name":"${'x'.repeat(100)}","password":"y"}`]) {
      const r = await browser(s).request('POST', '/auth/login', body);
      assert.ok([400, 422].includes(r.status), `${body}: ${r.status}`);
    }
    for (const token of ['Bearer', 'Bearer ', 'Bearer x', 'Basic YTpi', `Bearer ${'.'.repeat(3000)}`, 'Bearer eyJhbGciOiJub25lIn0.e30.'])
      assert.equal((await b.request('GET', '/auth/sessions', undefined, { authorization: token })).status, 401, token);
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
  });
});

describe('forgery by other sites', () => {
  let s, b, word;
  before(async () => {
    s = await serve();
    await withUser(s);
    b = browser(s);
    word = (await b.login('lan', PASSWORD)).json.csrf;
  });
  after(() => s.stop());
  // The route exists and refuses what comes after the check, or ends a session that is not there.
  const tries = [['POST', '/api/runs'], ['DELETE', '/auth/sessions/1'], ['POST', '/auth/password'], ['PATCH', '/api/content/article/1']];

  it('each unsafe method needs the word of this session and our own origin', async () => {
    const other = browser(s), otherWord = (await other.login('lan', PASSWORD)).json.csrf;
    const here = b.base, cases = [
      ['no word', {}, true], ['a wrong word', { 'x-csrf-token': 'x' }, true], ['another session\'s', { 'x-csrf-token': otherWord }, true],
      ['another origin', { 'x-csrf-token': word, origin: 'https://evil.example' }, true],
      ['origin null', { 'x-csrf-token': word, origin: 'null' }, true],
      ['another port', { 'x-csrf-token': word, origin: 'http://127.0.0.1:1' }, true],
      ['a longer origin', { 'x-csrf-token': word, origin: `${here}0` }, true],
      ['cross-site', { 'x-csrf-token': word, 'sec-fetch-site': 'cross-site' }, true],
      ['same-site', { 'x-csrf-token': word, origin: here, 'sec-fetch-site': 'same-site' }, true],
      ['all is well', { 'x-csrf-token': word, origin: here, 'sec-fetch-site': 'same-origin' }, false],
      ['no browser', { 'x-csrf-token': word }, false],
    ];
    for (const [method, path] of tries)
      for (const [what, headers, refused] of cases) {
        const r = await b.request(method, path, {}, headers);
        const forged = r.status === 403 && ['auth.csrf', 'auth.origin'].includes(r.json?.code);
        assert.equal(forged, refused, `${method} ${path}, ${what}: ${r.status} ${r.text}`);
      }
  });

  it('what is safe needs neither, and a bearer token needs neither', async () => {
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    assert.equal((await b.request('GET', '/auth/me', undefined, evil)).status, 200);
    const { token } = await s.must('user', 'token', 'lan');
    const r = await browser(s).request('POST', '/api/runs', { flow: 'p.x' }, { authorization: `Bearer ${token}` });
    assert.equal(r.json.code, 'denied.verb');
  });

  it('a login cannot be begun from another site, nor by a plain form', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
      assert.equal((await browser(s).login('lan', PASSWORD, {}) && (await browser(s).request('POST', '/auth/login', { name: 'lan', password: PASSWORD }, headers)).status), 403);
    const plain = await browser(s).request('POST', '/auth/login', `{"name":"lan","password":"${PASSWORD}"}`, { 'content-type': 'text/plain' });
    assert.equal(plain.status, 422);
  });

  it('a token may not change how its owner logs in', async () => {
    const { token } = await s.must('user', 'token', 'lan');
    const headers = { authorization: `Bearer ${token}` };
    for (const path of ['/auth/password', '/auth/totp', '/auth/totp/confirm', '/auth/totp/remove', '/auth/logout'])
      assert.equal((await browser(s).request('POST', path, { present: PASSWORD, password: OTHER, code: '1' }, headers)).status, 401, path);
    assert.equal((await browser(s).request('GET', '/auth/sessions', undefined, headers)).status, 200);
    const scoped = (await s.must('user', 'token', 'lan', '--scope', 'report.*')).token;
    assert.equal((await browser(s).request('GET', '/auth/sessions', undefined, { authorization: `Bearer ${scoped}` })).status, 403);
  });
});

describe('behind TLS', () => {
  it('cookies are Secure with the prefix __Host-, and only the address that was told is our origin', async () => {
    const s = await serve({ config: { url: 'https://khung.example/' } });
    await withUser(s);
    const b = browser(s), r = await b.request('POST', '/auth/login', { name: 'lan', password: PASSWORD }, { origin: 'https://khung.example' });
    assert.equal(r.status, 200, r.text);
    assert.match(b.lines.find((l) => l.startsWith('__Host-khung=')), /; Path=\/; SameSite=Lax; Max-Age=\d+; HttpOnly; Secure$/);
    assert.match(b.lines.find((l) => l.startsWith('__Host-khung-csrf=')), /; Secure$/);
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
    const plain = browser(s);
    plain.cookies = { khung: b.cookies['__Host-khung'] };
    assert.equal((await plain.request('GET', '/auth/me')).status, 401);
    assert.equal((await b.send('POST', '/auth/logout')).status, 403); // Origin: http://127.0.0.1
    assert.equal((await b.send('POST', '/auth/logout', undefined, { origin: 'https://khung.example' })).status, 204);
    assert.ok((await s.must('user', 'setup-link')).link.startsWith('https://khung.example/auth/setup/'));
    await s.stop();
  });

  it('the address that a trusted proxy names is counted, and nobody else can name one', async () => {
    const s = await serve({ config: { lock_address_after: 2, lock_ms: 60000, proxies: '127.0.0.1' } });
    const from = (address) => browser(s).request('POST', '/auth/login', { name: `n${Math.random()}`, password: 'x' }, { 'x-forwarded-for': address });
    assert.deepEqual([(await from('192.0.2.1')).status, (await from('192.0.2.1')).status, (await from('192.0.2.1')).status], [401, 401, 429]);
    assert.equal((await from('192.0.2.1, 192.0.2.2')).status, 401);
    assert.equal((await from('192.0.2.2, 192.0.2.1')).status, 429);
    await s.stop();
    s.config = { lock_address_after: 2, lock_ms: 60000 };
    await s.start();
    await from('192.0.2.3');
    await from('192.0.2.4');
    assert.equal((await from('192.0.2.5')).status, 429);
    await s.stop();
  });
});

describe('lockout', () => {
  let s;
  before(async () => {
    s = await serve({ config: { lock_after: 3, lock_ms: 1500, lock_most_ms: 60000 } });
    await withUser(s);
  });
  after(() => s.stop());

  it('after three failures a name waits, known or not; even the right password does', async () => {
    for (const name of ['lan', 'nobody']) {
      for (let i = 0; i < 3; i++) assert.equal((await browser(s).login(name, 'wrong')).status, 401);
      const r = await browser(s).login(name, PASSWORD);
      assert.equal(r.status, 429);
      assert.match(r.headers['retry-after'], /^[12]$/);
      assert.equal(r.json.code, 'auth.locked');
    }
  });

  it('the wait ends by itself, and the next is twice as long', async () => {
    let r;
    for (const end = Date.now() + 10000; Date.now() < end && (r = await browser(s).login('lan', 'wrong')).status === 429;) await pause(50);
    assert.equal(r.status, 401);
    r = await browser(s).login('lan', PASSWORD);
    assert.equal(r.status, 429);
    assert.match(r.headers['retry-after'], /^[23]$/);
  });

  it('ends by a command; a right login forgets the failures', async () => {
    await s.must('user', 'unlock', 'lan');
    for (let i = 0; i < 5; i++) {
      assert.equal((await browser(s).login('lan', 'wrong')).status, 401);
      assert.equal((await browser(s).login('lan', PASSWORD)).status, 200);
    }
  });

  it('from where one has logged in before, a name is not locked by others', async () => {
    const s = await serve({ config: { lock_after: 3, lock_ms: 60000, lock_most_ms: 60000, lock_address_after: 1000, proxies: '127.0.0.1' } });
    await withUser(s);
    const from = (address, password) => browser(s).request('POST', '/auth/login', { name: 'lan', password }, { 'x-forwarded-for': address }).then((r) => r.status);
    const lock = async () => { for (let i = 0; i < 20; i++) await from('192.0.2.66', 'wrong'); };
    assert.equal(await from('198.51.100.1', PASSWORD), 200);
    assert.equal(await from('2001:db8:1::7', PASSWORD), 200);
    await lock();
    assert.equal(await from('192.0.2.66', PASSWORD), 429);
    assert.equal(await from('203.0.113.9', PASSWORD), 429, 'a place that is not known');
    await s.restart();
    assert.equal(await from('198.51.100.1', PASSWORD), 200);
    assert.equal(await from('2001:db8:1::8', PASSWORD), 200, 'a network is one place');
    // Nor does that open the others, or let anybody guess from there.
    assert.equal(await from('192.0.2.66', PASSWORD), 429);
    for (let i = 0; i < 3; i++) assert.equal(await from('198.51.100.1', 'wrong'), 401);
    assert.equal(await from('198.51.100.1', PASSWORD), 429);
    await s.must('user', 'unlock', 'lan');
    for (const address of ['198.51.100.1', '203.0.113.9']) assert.equal(await from(address, PASSWORD), 200);
    // An account without a session there is known there no more than a name that does not exist.
    await s.must('user', 'add', 'other');
    for (const name of ['other', 'nobody']) {
      for (let i = 0; i < 3; i++) await browser(s).request('POST', '/auth/login', { name, password: 'wrong' }, { 'x-forwarded-for': '192.0.2.66' });
      assert.equal((await browser(s).request('POST', '/auth/login', { name, password: 'wrong' }, { 'x-forwarded-for': '198.51.100.1' })).status, 429);
    }
    await s.stop();
  });

  it('guesses that come all at once are counted all the same', async () => {
    await s.must('user', 'unlock', 'lan');
    const all = await Promise.all(Array.from({ length: 20 }, () => browser(s).login('lan', 'wrong')));
    assert.equal(all.filter((r) => r.status === 401).length, 3);
    assert.equal(all.filter((r) => r.status === 429).length, 17);
    await s.must('user', 'unlock', 'lan');
  });

  it('the io thread answers others while passwords are being looked at', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    const logins = Promise.all(names.map((n) => browser(s).login(n, 'x')));
    let slowest = 0;
    for (let i = 0; i < 30; i++) {
      const began = performance.now();
      assert.equal((await browser(s).request('GET', '/health')).status, 200);
      slowest = Math.max(slowest, performance.now() - began);
    }
    const first = performance.now();
    await logins;
    assert.ok(performance.now() - first > 0, 'the logins were still under way');
    assert.ok(slowest < 1000, `${slowest} ms`); // two hashes have the cores meanwhile
  });
});

describe('a change of the password', () => {
  let s, b, other;
  before(async () => {
    const dir = folder();
    const sums = ['a breached password', 'x'].map((p) => createHash('sha1').update(p).digest('hex').toUpperCase());
    write(join(dir, 'lists/breached'), [...sums, ...Array.from({ length: 500 }, (_, i) => createHash('sha1').update(String(i)).digest('hex').toUpperCase())].sort().map((x, i) => `${x}:${i}\r\n`).join(''));
    s = await serve({ dir, config: { breached_passwords: join(dir, 'lists/breached') } });
    await withUser(s);
    [b, other] = [browser(s), browser(s)];
    await b.login('lan', PASSWORD);
    await other.login('lan', PASSWORD);
  });
  after(() => s.stop());

  it('needs the present one and obeys the rules', async () => {
    for (const [present, password, status, code] of [
      ['wrong', OTHER, 401, 'auth.wrong'], [PASSWORD, 'short', 422, 'auth.password_short'],
      [PASSWORD, 'a breached password', 422, 'auth.password_breached'], [PASSWORD, 'x'.repeat(1025), 422, 'auth.password_long']]) {
      const r = await b.send('POST', '/auth/password', { present, password });
      assert.equal(`${r.status} ${r.json?.code}`, `${status} ${code}`);
    }
    assert.match((await setPassword(s, 'lan', 'a breached password')).err, /found out|lộ/);
    await s.must('user', 'unlock', 'lan');
    assert.equal((await other.request('GET', '/auth/me')).status, 200);
  });

  it('ends the other sessions and not this one', async () => {
    assert.equal((await b.send('POST', '/auth/password', { present: PASSWORD, password: OTHER })).status, 204);
    assert.equal((await other.request('GET', '/auth/me')).status, 401);
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
    assert.equal((await browser(s).login('lan', PASSWORD)).status, 401);
    assert.equal((await browser(s).login('lan', OTHER)).status, 200);
  });

  it('by a command is asked for at a terminal, twice, without an echo', async () => {
    const ask = (first, second) => {
      const script = 'import os,pty,sys,time\n'
        + 'pid, fd = pty.fork()\n'
        + 'if pid == 0: os.execv(sys.argv[1], sys.argv[1:-2])\n'
        + 'out = b""\n'
        + 'def until(n):\n'
        + '  global out\n'
        + '  while out.count(b": ") < n: out += os.read(fd, 4096)\n'
        + 'until(1); os.write(fd, sys.argv[-2].encode() + b"\\n")\n'
        + 'until(2); os.write(fd, sys.argv[-1].encode() + b"\\n")\n'
        + 'try:\n'
        + '  while True:\n'
        + '    some = os.read(fd, 4096)\n'
        + '    if not some: break\n'
        + '    out += some\n'
        + 'except OSError: pass\n'
        + 'print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); print(out.decode())\n';
      return execFileSync('python3', ['-c', script, KHUNG, '--data', s.data, '--lang', 'en', 'user', 'password', 'lan', first, second], { encoding: 'utf8', timeout: 30000 });
    };
    const same = ask(OTHER, OTHER);
    assert.match(same, /^0\n.*New password:[^]*Once more:/);
    assert.ok(!same.includes(OTHER));
    assert.match(ask(OTHER, `${OTHER}x`), /^1\n[^]*not the same/);
    assert.equal((await browser(s).login('lan', OTHER)).status, 200);
  });

  it('by a command ends all', async () => {
    assert.equal((await setPassword(s, 'lan', PASSWORD)).code, 0);
    assert.equal((await b.request('GET', '/auth/me')).status, 401);
    assert.equal((await browser(s).login('lan', PASSWORD)).status, 200);
    assert.equal((await setPassword(s, 'nobody', PASSWORD)).code, 1);
  });
});

describe('the second factor', () => {
  let s, b, secret, codes, used;
  before(async () => {
    s = await serve({ config: { lock_after: 50 } });
    await withUser(s);
    b = browser(s);
    await b.login('lan', PASSWORD);
  });
  after(() => s.stop());

  it('is enrolled with the password and begins with its first code', async () => {
    assert.equal((await b.send('POST', '/auth/totp', {})).status, 422);
    assert.equal((await b.send('POST', '/auth/totp', { present: 'wrong' })).status, 401);
    const r = await b.send('POST', '/auth/totp', { present: PASSWORD });
    assert.equal(r.status, 200, r.text);
    secret = r.json.secret;
    assert.equal(r.json.uri, `otpauth://totp/Khung:lan?secret=${secret}&issuer=Khung`);
    assert.equal((await browser(s).login('lan', PASSWORD)).status, 200); // not in force yet
    assert.equal((await b.send('POST', '/auth/totp/confirm', { code: '000000x' })).status, 401);
    const on = await b.send('POST', '/auth/totp/confirm', { code: totp(secret) });
    assert.equal(on.status, 200, on.text);
    codes = on.json.recovery;
    assert.equal(new Set(codes).size, 10);
    assert.equal((await b.request('GET', '/auth/me')).json.totp, true);
    assert.equal((await b.send('POST', '/auth/totp', { present: PASSWORD })).status, 409);
  });

  it('is asked for, once a code', async () => {
    const none = await browser(s).login('lan', PASSWORD);
    assert.equal(`${none.status} ${none.json.code}`, '401 auth.totp_needed');
    const wrongWord = await browser(s).login('lan', 'wrong', { totp: totp(secret) });
    assert.equal(wrongWord.json.code, 'auth.wrong');
    for (const bad of ['', '123456', 'abcdef', totp(secret, Date.now() - 300000), totp(secret, Date.now() + 300000)])
      assert.equal((await browser(s).login('lan', PASSWORD, { totp: bad })).json.code, 'auth.totp_wrong', bad);
    used = totp(secret, Date.now() + 30000);
    const both = await Promise.all([1, 2].map(() => browser(s).login('lan', PASSWORD, { totp: used })));
    assert.deepEqual(both.map((r) => r.status).sort(), [200, 401]);
    assert.equal((await browser(s).login('lan', PASSWORD, { totp: used })).json.code, 'auth.totp_wrong');
  });

  it('a code stays used after a restart', async () => {
    await s.kill();
    await s.start();
    b.base = `http://127.0.0.1:${s.port}`;
    assert.equal((await browser(s).login('lan', PASSWORD, { totp: used })).json.code, 'auth.totp_wrong');
  });

  it('a recovery code will do, once', async () => {
    assert.equal((await browser(s).login('lan', PASSWORD, { totp: codes[0].toLowerCase() })).status, 200);
    assert.equal((await browser(s).login('lan', PASSWORD, { totp: codes[0] })).status, 401);
    assert.equal((await browser(s).login('lan', PASSWORD, { totp: codes[1] })).status, 200);
  });

  it('is taken off with the password, or by a command', async () => {
    assert.equal((await b.send('POST', '/auth/totp/remove', { present: 'wrong' })).status, 401);
    assert.equal((await b.send('POST', '/auth/totp/remove', { present: PASSWORD })).status, 204);
    assert.equal((await browser(s).login('lan', PASSWORD)).status, 200);
    const again = (await b.send('POST', '/auth/totp', { present: PASSWORD })).json.secret;
    assert.equal((await b.send('POST', '/auth/totp/confirm', { code: totp(again) })).status, 200);
    await s.must('user', 'totp-reset', 'lan');
    assert.equal((await browser(s).login('lan', PASSWORD)).status, 200);
  });
});

describe('a reset by mail', () => {
  let s, token;
  before(async () => {
    s = await serve({ config: { lock_after: 5, reset_link_s: 600 } });
    await withUser(s);
    await s.must('user', 'add', 'nomail');
  });
  after(() => s.stop());

  it('answers the same for every name, and mails to the one that has an address', async () => {
    const said = [];
    for (const name of ['lan', 'nobody', 'nomail']) {
      const r = await browser(s).request('POST', '/auth/reset', { name });
      assert.equal(r.status, 202);
      said.push(r.text);
    }
    assert.equal(new Set(said).size, 1);
    const sent = mails(s);
    assert.equal(sent.length, 1);
    assert.match(sent[0], /lan@example\.vn/);
    token = resetToken(sent[0]);
  });

  it('opening the link uses nothing up; a new one makes the old one void', async () => {
    for (let i = 0; i < 3; i++) assert.equal((await browser(s).request('GET', `/auth/reset/${token}`)).status, 200);
    assert.equal((await browser(s).request('HEAD', `/auth/reset/${token}`)).status, 200);
    await browser(s).request('POST', '/auth/reset', { name: 'lan' });
    assert.equal((await browser(s).request('GET', `/auth/reset/${token}`)).status, 404);
    token = resetToken(mails(s).at(-1));
  });

  it('sets the password once, ends all sessions and a lock', async () => {
    const b = browser(s), session = browser(s);
    await session.login('lan', PASSWORD);
    for (let i = 0; i < 5; i++) await browser(s).login('lan', 'wrong');
    assert.equal((await browser(s).login('lan', PASSWORD)).status, 429);
    const page = await b.request('GET', `/auth/reset/${token}`);
    assert.match(page.text, /lan/);
    const short = await b.send('POST', `/auth/reset/${token}`, new URLSearchParams({ password: 'short' }));
    assert.equal(short.status, 422);
    const both = await Promise.all([1, 2].map(() => browser(s).send('POST', `/auth/reset/${token}`, new URLSearchParams({ password: OTHER }))));
    assert.deepEqual(both.map((r) => r.status).sort(), [200, 404]);
    assert.equal((await session.request('GET', '/auth/me')).status, 401);
    assert.equal((await browser(s).login('lan', OTHER)).status, 200);
  });

  it('arrives at the mail server in the reader\'s language, with a link that works; a list of the outbox shows no link', async () => {
    const sink = await Sink.start();
    const s = await serve({ config: { mail_server: `smtp://127.0.0.1:${sink.port}`, mail_tls: 'off', mail_from: 'khung@example.vn' } });
    await withUser(s);
    await s.must('outbox', 'hold');
    assert.equal((await browser(s).request('POST', '/auth/reset', { name: 'lan' })).status, 202);
    const [row] = await s.must('outbox', 'list');
    assert.deepEqual([row.kind, row.to, row.state, row.text], ['mail', 'lan@example.vn', 'waiting', undefined]);
    assert.doesNotMatch(JSON.stringify([row, await s.must('audit', 'list')]), new RegExp(resetToken(mails(s)[0])));
    await s.must('outbox', 'release');
    const [mail] = await sink.until(1);
    assert.deepEqual(mail.to, ['lan@example.vn']);
    assert.match(mail.subject, /Đặt lại mật khẩu cho lan/);
    assert.equal(mail.headers['list-unsubscribe'], undefined);
    const token = resetToken(mail.text);
    assert.equal((await browser(s).send('POST', `/auth/reset/${token}`, new URLSearchParams({ password: OTHER }))).status, 200);
    assert.equal((await browser(s).login('lan', OTHER)).status, 200);
    await s.stop();
    sink.stop();
  });

  it('is sent to no address that somebody else has taken in: who keeps the organisation, but no accounts, changes none', async () => {
    const bearer = { authorization: `Bearer ${(await s.must('user', 'token', 'nomail')).token}` };
    const take = (lists) => s.request('POST', '/api/org/import', { lists }, bearer);
    write(join(s.dir, 'keeper.json'), JSON.stringify({ roles: [{ name: 'importer', verbs: ['people.import'] }], role_holders: [{ user: 'nomail', role: 'importer' }] }));
    await s.must('org', 'import', join(s.dir, 'keeper.json'));
    for (const lists of [{ persons: [{ code: 'lan', name: 'lan', email: 'thief@example.vn' }] },
      { persons: [{ code: 'thief', name: 'Thief', email: 'thief@example.vn' }], users: [{ name: 'lan', person: 'thief' }] }]) {
      const r = await take(lists);
      assert.deepEqual([r.status, r.json.code], [403, 'denied.accounts'], r.text);
    }
    assert.equal((await take({ persons: [{ code: 'lan', name: 'Lan', email: 'lan@example.vn' }] })).status, 200, 'the same address may stand there');
    const were = mails(s).length;
    assert.equal((await browser(s).request('POST', '/auth/reset', { name: 'lan' })).status, 202);
    assert.equal(mails(s).length, were + 1);
    assert.ok(mails(s).every((m) => !m.includes('thief')));
  });

  it('has the address that was configured, whatever host was asked', async () => {
    const s = await serve({ config: { url: 'https://office.example.vn/', reset_link_s: 600 } });
    await withUser(s);
    const plain = await serve({ config: { reset_link_s: 600 } });
    await withUser(plain);
    for (const [one, base] of [[s, 'https://office.example.vn'], [plain, `http://127.0.0.1:${plain.port}`]]) {
      for (const headers of [{ host: 'evil.example' }, { host: 'office.example.vn:1@evil.example' }, { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'ftp' }, { forwarded: 'host=evil.example' }, { host: `127.0.0.1:${one.port}`, 'x-host': 'evil.example' }])
        await browser(one).request('POST', '/auth/reset', { name: 'lan' }, headers);
      const sent = mails(one);
      assert.ok(sent.length > 0);
      for (const mail of sent) {
        assert.doesNotMatch(mail, /evil/);
        const body = Buffer.from(/\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)$/.exec(mail)?.[1] ?? '', 'base64').toString('utf8');
        assert.ok(`${mail}${body}`.replace(/=\r?\n/g, '').includes(`${base}/auth/reset/`), mail);
      }
      await one.stop();
    }
  });

  it('is limited for one name', async () => {
    const got = [];
    for (let i = 0; i < 7; i++) got.push((await browser(s).request('POST', '/auth/reset', { name: 'other' })).status);
    assert.deepEqual(got, [202, 202, 202, 202, 202, 429, 429]);
  });
});

describe('time', () => {
  it('a session ends unused, and at the latest after its time; a link after its own', async () => {
    const s = await serve({ config: { session_idle_s: 3600, session_s: 7200 } });
    await withUser(s);
    const b = browser(s);
    await b.login('lan', PASSWORD);
    await browser(s).request('POST', '/auth/reset', { name: 'lan' });
    const token = resetToken(mails(s)[0]);
    const headers = { authorization: `Bearer ${(await s.must('user', 'token', 'lan', '--days', 1)).token}` };
    assert.equal((await s.cli('user', 'token', 'lan', '--days', -1)).code, 1);
    const at = async (minutes) => {
      await s.stop();
      s.config.clock_offset = minutes * 60000;
      await s.start();
      b.base = `http://127.0.0.1:${s.port}`;
      return (await b.request('GET', '/auth/me')).status;
    };
    assert.equal(await at(29), 200);
    assert.equal((await b.request('GET', `/auth/reset/${token}`)).status, 200);
    for (let i = 0; i < 100 && (await s.must('user', 'sessions', 'lan'))[0].seen < Date.now() + 28 * 60000; i++) await pause(20);
    assert.equal(await at(80), 200); // used at 29
    assert.equal((await b.request('GET', `/auth/reset/${token}`)).status, 404);
    for (let i = 0; i < 100 && (await s.must('user', 'sessions', 'lan'))[0].seen < Date.now() + 79 * 60000; i++) await pause(20);
    assert.equal(await at(119), 200);
    assert.equal(await at(121), 401); // used at 119, but two hours old
    await b.login('lan', PASSWORD);
    assert.equal(await at(121 + 61), 401); // unused
    for (const [minutes, status] of [[24 * 60 - 1, 200], [24 * 60 + 1, 401]]) {
      await at(minutes);
      assert.equal((await browser(s).request('GET', '/auth/sessions', undefined, headers)).status, status);
    }
    await s.stop();
  });
});
