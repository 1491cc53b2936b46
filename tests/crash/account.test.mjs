// The service is killed while a token is made or a role is given: afterwards it is there, told in the audit and kept under its
// Idempotency-Key, or nothing of it is; sent again with the key, it is there once.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pause, serve } from '../lib/khung.mjs';

const ACTS = [
  { own: 'people.token_made', path: '/api/users/guest/tokens', body: { label: 'x' }, list: 'tokens', verb: 'user.token' },
  { own: 'people.role_given', path: '/api/users/guest/roles', body: { role: 'reader' }, list: 'roles', verb: 'user.role' },
];

for (const { own, path, body, list, verb } of ACTS)
  test(`killed at ${own} and around its commit: all of it or nothing, and once in the end`, { timeout: 300000 }, async () => {
    const s = await serve({ config: { lang: 'en' } });
    await s.admin();
    const seen = new Set();
    let n = 0;
    for (const [point, times] of [[own, 1], ['route.key_kept', 1], ['lane.before_commit', 12], ['lane.after_commit', 12]]) {
      let died = false;
      // Starting commits, too: the passings are tried one after the other until one is the request's.
      for (let k = 1; k <= times && !(died && times === 1); k++) {
        const user = `guest${++n}`, at = path.replace('guest', user), headers = { 'idempotency-key': randomUUID() };
        await s.must('user', 'add', user);
        await s.stop();
        const up = await s.start({ KHUNG_CRASH_AT: `${point}:${k}` }).catch(() => null);
        const first = up ? await s.request('POST', at, body, headers).catch(() => null) : null;
        if (up && !first) await Promise.race([s.ended, pause(10000)]);
        died = Boolean(s.gone);
        await s.stop();
        await s.start();
        const have = async () => (await s.request('GET', `/api/users/${user}/${list}`)).json.length;
        const told = async () => (await s.must('audit', 'list', '--verb', verb, '--name', user)).items.length;
        const before = await have();
        seen.add(before);
        assert.equal(await told(), before, `${point}:${k}`);
        if (first) assert.deepEqual([first.status, before], [201, 1], `${point}:${k}: acknowledged`);
        const again = await s.request('POST', at, body, headers);
        assert.deepEqual([again.status, await have(), await told()], [201, 1, 1], `${point}:${k} ${again.text}`);
        assert.equal(again.headers['idempotent-replayed'], before ? 'true' : undefined);
        if (before && list === 'tokens') assert.equal(again.json.token, undefined);
        if (up && first && !died) break; // the request was through before that passing
      }
      if (times === 1) assert.ok(died, `${point} is never passed`);
    }
    assert.deepEqual(await s.must('verify'), []);
    assert.deepEqual([...seen].sort(), [0, 1], 'it was killed before and after');
    assert.equal((await s.must('audit', 'verify')).whole, true);
    await s.stop();
  });

test('killed while an account becomes another person\'s, and around its commit: all of it or nothing', { timeout: 300000 }, async () => {
  const s = await serve({ config: { lang: 'en' } });
  await s.admin();
  const seen = new Set();
  let n = 0;
  for (const [point, times] of [['people.account_changed', 1], ['lane.before_commit', 12], ['lane.after_commit', 12]]) {
    let through = false;
    // Starting commits, too: the passings are tried one after the other until one is the request's.
    for (let k = 1; k <= times && !through; k++) {
      const user = `guest${++n}`;
      await s.must('user', 'add', user);
      const { token } = await s.must('user', 'token', user);
      await s.stop();
      const up = await s.start({ KHUNG_CRASH_AT: `${point}:${k}` }).catch(() => null);
      const first = up && await s.request('PATCH', `/api/users/${user}`, { person: 'boss' }, { 'if-match': '*' }).catch(() => null);
      if (up && !first) await Promise.race([s.ended, pause(10000)]);
      through = Boolean(first && !s.gone);
      assert.ok(times > 1 || s.gone, `${point} is never passed`);
      await s.stop();
      await s.start();
      const { person_code: person } = await s.must('user', 'show', user);
      const lives = (await s.request('GET', `/api/users/${user}`, undefined, { authorization: `Bearer ${token}` })).status === 200;
      const told = (await s.must('audit', 'list', '--verb', 'user.edit', '--name', user)).items.length;
      assert.deepEqual([lives, told], person ? [false, 1] : [true, 0], `${point}:${k} ${person}`);
      if (!through) seen.add(Boolean(person));
    }
  }
  assert.deepEqual([...seen].sort(), [false, true], 'it was killed before and after');
  assert.deepEqual(await s.must('verify'), []);
  assert.equal((await s.must('audit', 'verify')).whole, true);
  await s.stop();
});
