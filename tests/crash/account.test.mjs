// The service is killed while a token is made or a role is given: afterwards it is there, told in the audit and kept under its
// Idempotency-Key, or nothing of it is; sent again with the key, it is there once.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { around, killedOn } from '../lib/crash.mjs';
import { serve } from '../lib/khung.mjs';

const ACTS = [
  { own: 'people.token_made', path: '/api/users/guest/tokens', body: { label: 'x' }, list: 'tokens', verb: 'user.token' },
  { own: 'people.role_given', path: '/api/users/guest/roles', body: { role: 'reader' }, list: 'roles', verb: 'user.role' },
];

for (const { own, path, body, list, verb } of ACTS)
  test(`killed at ${own} and around its commit: all of it or nothing, and once in the end`, { timeout: 300000 }, async () => {
    const s = await serve({ config: { lang: 'en' } });
    await s.admin();
    let n = 0;
    for (const [way, wanted] of [...around(own), ...around('route.key_kept'), [null, true]]) {
      const user = `guest${++n}`, at = path.replace('guest', user), headers = { 'idempotency-key': randomUUID() };
      await s.must('user', 'add', user);
      const first = await killedOn(s, way, () => s.request('POST', at, body, headers));
      const have = async () => (await s.request('GET', `/api/users/${user}/${list}`)).json.length;
      const told = async () => (await s.must('audit', 'list', '--verb', verb, '--name', user)).items.length;
      assert.deepEqual([await have(), await told()], wanted ? [1, 1] : [0, 0], `${way}`);
      assert.equal(first?.status, way ? undefined : 201, `${way}: acknowledged`);
      const again = await s.request('POST', at, body, headers);
      assert.deepEqual([again.status, await have(), await told()], [201, 1, 1], `${way} ${again.text}`);
      assert.equal(again.headers['idempotent-replayed'], wanted ? 'true' : undefined);
      if (wanted && list === 'tokens') assert.equal(again.json.token, undefined);
    }
    assert.deepEqual(await s.must('verify'), []);
    assert.equal((await s.must('audit', 'verify')).whole, true);
    await s.stop();
  });

test('killed while an account becomes another person\'s, and around its commit: all of it or nothing', { timeout: 300000 }, async () => {
  const s = await serve({ config: { lang: 'en' } });
  await s.admin();
  let n = 0;
  for (const [way, wanted] of [...around('people.account_changed'), [null, true]]) {
    const user = `guest${++n}`;
    await s.must('user', 'add', user);
    const { token } = await s.must('user', 'token', user);
    await killedOn(s, way, () => s.request('PATCH', `/api/users/${user}`, { person: 'boss' }, { 'if-match': '*' }));
    const { person_code: person } = await s.must('user', 'show', user);
    const lives = (await s.request('GET', `/api/users/${user}`, undefined, { authorization: `Bearer ${token}` })).status === 200;
    const told = (await s.must('audit', 'list', '--verb', 'user.edit', '--name', user)).items.length;
    assert.deepEqual([person, lives, told], wanted ? ['boss', false, 1] : [undefined, true, 0], `${way}`);
  }
  assert.deepEqual(await s.must('verify'), []);
  assert.equal((await s.must('audit', 'verify')).whole, true);
  await s.stop();
});
