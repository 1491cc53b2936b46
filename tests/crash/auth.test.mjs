// The service is killed in the midst of a link's, a password's, a code's use: afterwards it was used and all of it has
// happened, or it was not and nothing has. What was acknowledged has happened; what is good once is good once.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { around, crashNames, killedOn } from '../lib/crash.mjs';
import { Service, folder, serve, sqlite } from '../lib/khung.mjs';
import { OTHER, PASSWORD, browser, mails, resetToken, setPassword, totp, withUser } from '../lib/browser.mjs';

// At each of its own points, around their commit, and right after the answer.
async function each(own, prepare, act, look) {
  const s = await serve();
  await withUser(s);
  for (const [way, wanted] of [...own.flatMap(around), [null, true]]) {
    const state = await prepare(s), answer = await killedOn(s, way, () => act(s, state));
    assert.equal(answer !== null && answer.status < 300, !way, `${way}: ${answer?.text}`);
    assert.equal(await look(s, state, way), wanted, `${way}`);
  }
  assert.deepEqual(await s.must('verify'), []);
  await s.stop();
}

describe('killed', () => {
  it('in the midst of a setup link: one administrator, or a link that is still good', { timeout: 300000 }, () => {
    let n = 0;
    return each(['auth.link_used', 'auth.password_set'],
      async (s) => ({ path: new URL((await s.must('user', 'setup-link')).link).pathname, name: `boss${++n}` }),
      (s, { path, name }) => browser(s).send('POST', path, { name, password: PASSWORD }),
      async (s, { path, name }, point) => {
        const is = (await s.must('user', 'list')).some((u) => u.name === name);
        assert.equal((await browser(s).request('GET', path)).status, is ? 404 : 200, point);
        if (!is) assert.equal((await browser(s).send('POST', path, { name, password: PASSWORD })).status, 200, point);
        assert.equal((await browser(s).login(name, PASSWORD)).status, 200, point);
        assert.equal((await browser(s).send('POST', path, { name: `${name}x`, password: PASSWORD })).status, 404, point);
        return is;
      });
  });

  it('in the midst of a reset: the new password and a used link, or the old one and a good link', { timeout: 300000 }, () =>
    each(['auth.link_used', 'auth.password_set'],
      async (s) => {
        await setPassword(s, 'lan', PASSWORD);
        await s.must('user', 'unlock', 'reset:lan').catch(() => {});
        s.asked = (s.asked ?? 0) + 1;
        await s.stop();
        s.config.clock_offset = s.asked * 26 * 3600000; // the limit of mails a day is another test's
        await s.start();
        const session = browser(s);
        await session.login('lan', PASSWORD);
        assert.equal((await browser(s).request('POST', '/auth/reset', { name: 'lan' })).status, 202);
        return { session, token: resetToken(mails(s).at(-1)) };
      },
      (s, { token }) => browser(s).send('POST', `/auth/reset/${token}`, { password: OTHER }),
      async (s, { session, token }, point) => {
        session.base = browser(s).base;
        const is = (await browser(s).login('lan', OTHER)).status === 200;
        assert.equal((await browser(s).login('lan', PASSWORD)).status, is ? 401 : 200, point);
        assert.equal((await session.request('GET', '/auth/me')).status, is ? 401 : 200, point);
        assert.equal((await browser(s).send('POST', `/auth/reset/${token}`, { password: OTHER })).status, is ? 404 : 200, point);
        assert.equal((await browser(s).send('POST', `/auth/reset/${token}`, { password: PASSWORD })).status, 404, point);
        return is;
      }));

  it('in the midst of a change of password: other sessions are gone with the old one, or neither is', { timeout: 300000 }, () =>
    each(['auth.password_set'],
      async (s) => {
        await setPassword(s, 'lan', PASSWORD);
        const [own, other] = [browser(s), browser(s)];
        for (const b of [own, other]) assert.equal((await b.login('lan', PASSWORD)).status, 200);
        return { own, other };
      },
      (s, { own }) => {
        own.base = browser(s).base;
        return own.send('POST', '/auth/password', { present: PASSWORD, password: OTHER });
      },
      async (s, { own, other }, point) => {
        own.base = other.base = browser(s).base;
        const is = (await browser(s).login('lan', OTHER)).status === 200;
        assert.equal((await browser(s).login('lan', PASSWORD)).status, is ? 401 : 200, point);
        assert.equal((await other.request('GET', '/auth/me')).status, is ? 401 : 200, point);
        assert.equal((await own.request('GET', '/auth/me')).status, 200, point);
        return is;
      }));

  const place = (s, text) => sqlite(s.data, text);
  it('in the midst of a login with a code: the code was used, or there is no session', { timeout: 300000 }, () =>
    each(['auth.totp_used'],
      async (s) => {
        await s.must('user', 'totp-reset', 'lan');
        await s.must('user', 'unlock', 'lan');
        const b = browser(s);
        await b.login('lan', PASSWORD);
        const { secret } = (await b.send('POST', '/auth/totp', { present: PASSWORD })).json;
        assert.equal((await b.send('POST', '/auth/totp/confirm', { code: totp(secret) })).status, 200);
        place(s, 'delete from auth_place');
        return { code: totp(secret, Date.now() + 30000), before: (await s.must('user', 'sessions', 'lan')).length };
      },
      (s, { code }) => browser(s).login('lan', PASSWORD, { totp: code }),
      async (s, { code, before }, point) => {
        const is = (await s.must('user', 'sessions', 'lan')).length === before + 1;
        assert.equal(place(s, 'select count(*) from auth_place'), is ? '1' : '0', `${point}: known there with the session, or not at all`);
        assert.equal((await browser(s).login('lan', PASSWORD, { totp: code })).status, is ? 401 : 200, point);
        assert.equal((await browser(s).login('lan', PASSWORD, { totp: code })).status, 401, point);
        return is;
      }));

  it('while the key file is made: the next start makes one', async () => {
    assert.deepEqual(crashNames(/^auth\./), ['auth.key_written', 'auth.link_used', 'auth.password_set', 'auth.totp_used']);
    const s = new Service(folder());
    await assert.rejects(s.start({ KHUNG_CRASH_AT: 'auth.key_written:1' }));
    assert.equal(s.gone.signal, 'SIGKILL');
    assert.throws(() => statSync(join(s.data, 'auth.key')));
    await s.start();
    assert.equal(statSync(join(s.data, 'auth.key')).size, 32);
    assert.equal(statSync(join(s.data, 'auth.key')).mode & 0o777, 0o600);
    await s.stop();
  });
});
