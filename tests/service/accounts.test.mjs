// Accounts, roles, tokens and sessions over REST: what the command line does to them, by the same rules.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD, browser } from '../lib/browser.mjs';
import { Service, day, folder, pause, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
content.type("paper", { fields = { title = "text!" }, title = "title", unit = true })
flow.define("asks", { title = "Asks", input = {} }, function(run)
  return run:ask { to = { role = "clerk", unit = "inside" }, title = "Yes?", form = { decision = "choice:approve,return!" } }.decision
end)
`;
const DAY = 86400000;

let s, tokens;

// root administers and has no business rights; chief organises `inside` and is editor there; an writes there; out is nobody.
before(async () => {
  const dir = folder(), org = join(dir, 'org2.json');
  plugin(dir, 'papers', SOURCE, { needs: '{ "content", "flow", "people" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  const unit = (code, parent) => ({ code, name: code, kind: 'unit', from: '2020-01-01', ...(parent ? { parent } : {}) });
  const names = ['chief', 'an', 'out'];
  writeFileSync(org, JSON.stringify({
    units: [unit('top'), unit('inside', 'top'), unit('below', 'inside'), unit('outside', 'top'), { ...unit('gone', 'top'), to: '2021-01-01' }],
    bodies: [{ code: 'council', name: 'Council', unit: 'top' }], body_members: [{ body: 'council', person: 'an', capacity: 'chair' }],
    persons: names.map((code) => ({ code, name: code.toUpperCase() })), users: [...names.map((name) => ({ name, person: name })), { name: 'root', admin: true }],
    role_holders: [{ role: 'organiser', user: 'chief', unit: 'inside' }, { role: 'editor', user: 'chief', unit: 'inside' }, { role: 'author', person: 'an', unit: 'inside' }],
  }));
  await s.must('org', 'import', org);
  tokens = {};
  for (const name of ['root', ...names]) tokens[name] = (await s.must('user', 'token', name)).token;
});
after(() => s?.stop());

const ask = (who, method, path, body, headers = {}) => s.request(method, path, body, { authorization: `Bearer ${tokens[who] ?? who}`, ...headers });
async function must(status, ...words) {
  const r = await ask(...words);
  assert.equal(r.status, status, `${words[0]} ${words[1]} ${words[2]}: ${r.text}`);
  return r;
}
const code = async (status, ...words) => (await must(status, ...words)).json.code;
const told = async (...words) => (await s.must('audit', 'list', ...words)).items;

describe('an account', () => {
  it('is made, shown, switched off and on by an administrator; its owner is let in by a link, and logs in', async () => {
    const { json: made } = await must(201, 'root', 'POST', '/api/users', { name: 'binh', person: 'out', lang: 'vi' });
    assert.equal(made.name, 'binh');
    const { json: shown } = await must(200, 'root', 'GET', '/api/users/binh');
    assert.match(shown.hash, /^[0-9a-f]{64}$/);
    assert.deepEqual({ ...shown, created: 0, hash: 0 }, { hash: 0, id: made.id, name: 'binh', person: 'OUT', person_code: 'out', lang: 'vi', admin: false, disabled: false, created: 0, totp: false });
    assert.equal(await code(409, 'root', 'POST', '/api/users', { name: 'binh' }), 'people.account_exists');
    const { link } = (await must(201, 'root', 'POST', '/api/users/binh/reset_link')).json;
    const b = browser(s);
    assert.equal((await b.send('POST', new URL(link).pathname, { password: PASSWORD })).status, 200);
    assert.equal((await b.send('POST', new URL(link).pathname, { password: PASSWORD })).status, 404);
    assert.equal((await b.login('binh', PASSWORD)).status, 200);
    const { token } = (await b.send('POST', '/api/users/binh/tokens', {})).json;
    await must(200, token, 'GET', '/api/users/binh');
    await must(204, 'root', 'POST', '/api/users/binh/disable');
    assert.equal((await b.request('GET', '/auth/me')).status, 401);
    await must(401, token, 'GET', '/api/users/binh');
    assert.equal(await code(409, 'root', 'POST', '/api/users/binh/reset_link'), 'people.account_off');
    await must(204, 'root', 'POST', '/api/users/binh/enable');
    assert.equal((await b.request('GET', '/auth/me')).status, 401, 'an old session does not come back');
    await must(401, token, 'GET', '/api/users/binh');
    assert.equal((await b.login('binh', PASSWORD)).status, 200);
    const verbs = (await told('--name', 'binh')).map((r) => r.verb);
    for (const verb of ['user.add', 'user.disable', 'user.enable']) assert.ok(verbs.includes(verb), `${verb} of ${verbs}`);
    assert.equal((await told('--verb', 'user.disable'))[0].who, 'user root');
  });

  it('is nobody else\'s to read or to change; who may not learns nothing of which there are', async () => {
    await must(200, 'an', 'GET', '/api/users/an');
    for (const name of ['root', 'nobody']) {
      for (const [method, path, body] of [['GET', ''], ['GET', '/tokens'], ['GET', '/sessions'], ['PATCH', '', { lang: 'en' }], ['POST', '/tokens', {}], ['POST', '/disable'], ['POST', '/enable'], ['POST', '/unlock'],
        ['POST', '/reset_link'], ['DELETE', '/totp'], ['DELETE', '/tokens/1'], ['DELETE', '/sessions/1'], ['POST', '/identities', { issuer: 'x', subject: 'y' }], ['GET', '/roles'],
        ['POST', '/roles', { role: 'reader' }], ['DELETE', '/roles/1']])
        assert.match(await code(403, 'an', method, `/api/users/${name}${path}`, body, method === 'PATCH' ? { 'if-match': '"x"' } : {}), /^denied\./, `${method} ${name}${path}`);
    }
    for (const [method, path, body] of [['GET', '/api/users'], ['POST', '/api/users', { name: 'x' }], ['POST', '/api/setup_links']])
      assert.equal(await code(403, 'an', method, path, body), 'denied.verb', path);
    assert.equal((await s.request('GET', '/api/users/an')).status, 401);
    assert.equal(await code(404, 'root', 'GET', '/api/users/nobody'), 'people.no_account');
  });

  it('of the last administrator is not switched off', async () => {
    assert.equal(await code(409, 'root', 'POST', '/api/users/root/disable'), 'people.last_admin');
    await must(201, 'root', 'POST', '/api/users', { name: 'root2', admin: true });
    tokens.root2 = (await s.must('user', 'token', 'root2')).token;
    await must(204, 'root2', 'POST', '/api/users/root/disable');
    await must(204, 'root2', 'POST', '/api/users/root/enable');
    tokens.root = (await must(201, 'root2', 'POST', '/api/users/root/tokens', {})).json.token;
  });

  const etag = async (name) => (await must(200, 'root', 'GET', `/api/users/${name}`)).headers.etag;
  const edit = async (who, name, body, match) => ask(who, 'PATCH', `/api/users/${name}`, body, { 'if-match': match ?? await etag(name) });

  it("is not changed to another person's by who uses it: what is asked of them, and their ballots, would be one's own", async () => {
    await must(201, 'root', 'POST', '/api/users', { name: 'second', admin: true });
    tokens.second = (await s.must('user', 'token', 'second')).token;
    const own = await edit('second', 'second', { person: 'out' });
    assert.deepEqual([own.status, own.json.code], [403, 'denied.own_rights'], own.text);
    const taken = await ask('second', 'POST', '/api/org/import', { lists: { users: [{ name: 'second', admin: true, person: 'out' }] } });
    assert.deepEqual([taken.status, taken.json.code], [403, 'denied.own_rights'], taken.text);
    assert.equal((await must(200, 'root', 'GET', '/api/users/second')).json.person_code, undefined);
    assert.equal((await edit('root', 'second', { person: 'out' })).status, 200, 'another administrator may');
    await must(204, 'root', 'POST', '/api/users/second/disable');
  });

  it('is changed by who has read it as it is; each change is told with what was before', async () => {
    await must(201, 'root', 'POST', '/api/users', { name: 'kim', person: 'out' });
    const first = await etag('kim');
    assert.equal(await code(428, 'root', 'PATCH', '/api/users/kim', { lang: 'en' }), 'http.precondition_required');
    const changed = await edit('root', 'kim', { lang: 'en' }, first);
    assert.deepEqual([changed.status, changed.json.lang, changed.json.person_code], [200, 'en', 'out'], changed.text);
    assert.equal(changed.headers.etag, await etag('kim'));
    assert.notEqual(changed.headers.etag, first);
    const late = await edit('root', 'kim', { lang: 'vi' }, first);
    assert.deepEqual([late.status, late.json.code], [412, 'http.precondition']);
    assert.equal((await must(200, 'root', 'GET', '/api/users/kim')).json.lang, 'en');
    const same = await edit('root', 'kim', { lang: 'en', person: 'out', admin: false });
    assert.deepEqual([same.status, same.headers.etag], [200, changed.headers.etag], 'nothing was changed');
    assert.equal((await edit('root', 'kim', { lang: null })).json.lang, undefined, 'the organisation\'s');
    const rows = await told('--name', 'kim', '--verb', 'user.edit');
    assert.deepEqual(rows.map((r) => [r.who, r.before, r.after]), [['user root', { lang: 'en' }, { lang: null }], ['user root', { lang: null }, { lang: 'en' }]]);
    await s.must('user', 'edit', 'kim', '--lang', 'vi', '--person', '');
    const { json: now } = await must(200, 'root', 'GET', '/api/users/kim');
    assert.deepEqual([now.lang, now.person, now.admin], ['vi', undefined, false]);
    assert.equal((await edit('root', 'nobody', {}, '*')).json.code, 'people.no_account');
    for (const body of [undefined, { lang: 'xx' }, { lang: 5 }, { lang: 'x'.repeat(100000) }, { admin: 'yes' }, { admin: null }, { admin: 1 }, { person: {} }, { person: -1.5 }, { name: 'y' }, { nonsense: 1 }])
      assert.equal((await edit('root', 'kim', body)).status, 422, JSON.stringify(body)?.slice(0, 80));
    assert.equal((await edit('root', 'kim', { person: 'gone' })).json.code, 'people.no_person');
  });

  it('that becomes another person\'s lets nobody in who was in: its sessions and tokens end', async () => {
    await must(201, 'root', 'POST', '/api/users', { name: 'thu', person: 'out' });
    const { link } = (await must(201, 'root', 'POST', '/api/users/thu/reset_link')).json;
    const b = browser(s);
    await b.send('POST', new URL(link).pathname, { password: PASSWORD });
    await b.login('thu', PASSWORD);
    const { token } = (await b.send('POST', '/api/users/thu/tokens', {})).json;
    assert.equal((await edit('root', 'thu', { lang: 'en' })).status, 200);
    await must(200, token, 'GET', '/api/users/thu');
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
    assert.equal((await edit('root', 'thu', { person: 'an' })).status, 200);
    await must(401, token, 'GET', '/api/users/thu');
    assert.equal((await b.request('GET', '/auth/me')).status, 401);
  });

  it('gives nobody more than they have: not to themself a person\'s rights, nor an administrator\'s', async () => {
    const own = await edit('root', 'root', { person: 'an' });
    assert.deepEqual([own.status, own.json.code], [403, 'denied.own_rights'], own.text);
    assert.equal((await edit('an', 'an', { admin: true }, '*')).json.code, 'denied.verb');
    assert.equal((await edit('chief', 'out', { person: 'an' }, '*')).json.code, 'denied.verb');
    assert.equal((await must(200, 'root', 'GET', '/api/users/root')).json.person, undefined);
    await must(201, 'root', 'POST', '/api/users', { name: 'vy' });
    assert.equal((await edit('root', 'vy', { admin: true })).json.admin, true);
    assert.deepEqual((await told('--name', 'vy', '--verb', 'user.gain'))[0].after, { gained: ['admin'] });
    assert.equal((await edit('root', 'vy', { admin: false })).json.admin, false);
  });

  it('of the last administrator stays one', async () => {
    for (const { name } of (await must(200, 'root', 'GET', '/api/users?admin=true')).json.filter((u) => u.name !== 'root')) assert.equal((await edit('root', name, { admin: false })).status, 200);
    const last = await edit('root', 'root', { admin: false });
    assert.deepEqual([last.status, last.json.code], [409, 'people.last_admin']);
    assert.equal((await edit('root', 'root', { lang: 'en' })).status, 200, 'all else may change');
    await must(201, 'root', 'POST', '/api/users', { name: 'tan', admin: true });
    assert.equal((await edit('root', 'root', { admin: false })).json.admin, false);
    await must(403, 'root', 'GET', '/api/users');
    await s.must('user', 'edit', 'root', '--admin=true');
    await must(200, 'root', 'GET', '/api/users');
  });

  it('takes no odd values', async () => {
    const long = 'x'.repeat(100000);
    for (const body of [{}, { name: '' }, { name: 5 }, { name: long }, { name: 'a b' }, { name: 'a\u0000b' }, { name: ['x'] }, { name: 'x1', lang: 'xx' }, { name: 'x1', admin: 'yes' }, { name: 'x1', nonsense: 1 }])
      assert.equal((await ask('root', 'POST', '/api/users', body)).status, 422, JSON.stringify(body).slice(0, 80));
    assert.equal(await code(404, 'root', 'POST', '/api/users', { name: 'x1', person: 'nobody' }), 'people.no_person');
    for (const body of [{ label: long }, { label: { a: 1 } }, { scope: '' }, { scope: ' ' }, { scope: 'a\u0000' }, { scope: 'Ü' }, { scope: 'a'.repeat(500) }, { days: -1 }, { days: 1e9 }, { expires: '2000-01-01' },
      { expires: 'soon' }, { nonsense: 1 }])
      assert.ok([422, 429].includes((await ask('root', 'POST', '/api/users/an/tokens', body)).status), JSON.stringify(body).slice(0, 80));
    for (const body of [{}, { role: 5 }, { role: long }, { role: 'reader', since: 'x' }, { role: 'reader', since: day(-1) }, { role: 'reader', since: day(2), until: day(1) }, { role: 'reader', nonsense: 1 }])
      assert.ok([404, 422].includes((await ask('root', 'POST', '/api/users/an/roles', body)).status), JSON.stringify(body).slice(0, 80));
  });
});

describe('a role', () => {
  const roles = async (name) => (await must(200, 'root', 'GET', `/api/users/${name}/roles`)).json;
  const paper = async (who, unit) => (await ask(who, 'POST', '/api/content/paper', { title: 'x', unit })).status;
  const ids = async () => Object.fromEntries((await s.must('org', 'units')).map((u) => [u.code, u.id]));

  it('is given in a unit, from a day, until a day, and taken away again', async () => {
    const { inside, below, outside } = await ids();
    assert.equal(await paper('out', inside), 403);
    const { id } = (await must(201, 'root', 'POST', '/api/users/out/roles', { role: 'author', unit: 'inside', until: day(30) })).json;
    assert.deepEqual([await paper('out', inside), await paper('out', below), await paper('out', outside)], [201, 201, 403]);
    assert.deepEqual(await roles('out'), [{ id, role: 'author', unit: 'inside', since: day(0), until: day(30), of: 'account' }]);
    assert.deepEqual((await must(201, 'root', 'POST', '/api/users/out/roles', { role: 'author', unit: 'inside', until: day(10) })).json, { id, existed: true });
    await must(201, 'root', 'POST', '/api/users/out/roles', { role: 'author', unit: 'outside', since: day(5) });
    assert.equal(await paper('out', outside), 403, 'not before its day');
    assert.equal(await code(404, 'root', 'DELETE', `/api/users/an/roles/${id}`), 'people.no_role_held');
    await must(204, 'root', 'DELETE', `/api/users/out/roles/${id}`);
    assert.equal(await paper('out', inside), 403);
    assert.deepEqual((await roles('out')).map((r) => r.unit), ['outside']);
    assert.equal(await code(404, 'root', 'DELETE', `/api/users/out/roles/${id}`), 'people.no_role_held');
    await must(204, 'root', 'DELETE', `/api/users/out/roles/${(await roles('out'))[0].id}?on=${day(7)}`);
    assert.equal((await roles('out'))[0].until, day(6));
    const [given] = await told('--verb', 'user.role');
    assert.deepEqual([given.who, given.name, given.after.role, given.after.since], ['user root', 'out', 'author', day(5)]);
    assert.equal((await told('--verb', 'user.role_end')).length, 2);
    assert.equal(await code(404, 'root', 'POST', '/api/users/out/roles', { role: 'emperor' }), 'people.no_role');
    assert.equal(await code(404, 'root', 'POST', '/api/users/out/roles', { role: 'author', unit: 'gone' }), 'people.no_unit');
    const { json: all } = await must(200, 'out', 'GET', '/api/roles?role=auditor');
    assert.deepEqual(all, [{ role: 'auditor', verbs: 'audit.read' }]);
  });

  it('is given by others where they have people.grant, and never wider than what they have there', async () => {
    const { inside, below, outside } = await ids();
    const give = (body, name = 'out') => ['chief', 'POST', `/api/users/${name}/roles`, body];
    const { id } = (await must(201, ...give({ role: 'author', unit: 'below', until: day(3) }))).json;
    assert.deepEqual([await paper('out', below), await paper('out', inside)], [201, 403]);
    assert.equal(await code(403, ...give({ role: 'author', unit: 'outside' })), 'denied.verb');
    assert.equal(await code(403, ...give({ role: 'author', unit: 'top' })), 'denied.verb');
    assert.equal(await code(403, ...give({ role: 'author' })), 'denied.verb', 'everywhere is more than a unit');
    assert.equal(await code(403, ...give({ role: 'operator', unit: 'inside' })), 'people.role_wider');
    assert.equal(await code(403, ...give({ role: 'clerk', unit: 'inside' })), 'people.role_wider');
    assert.equal(await code(403, ...give({ role: 'author', unit: 'below' }, 'chief')), 'denied.own_rights');
    assert.equal(await code(403, 'an', 'POST', '/api/users/out/roles', { role: 'author', unit: 'inside' }), 'denied.verb', 'an author gives nothing');
    const wide = (await must(201, 'root', 'POST', '/api/users/out/roles', { role: 'operator', unit: 'inside' })).json.id;
    assert.equal(await code(403, 'chief', 'DELETE', `/api/users/out/roles/${wide}`), 'people.role_wider');
    const far = (await must(201, 'root', 'POST', '/api/users/out/roles', { role: 'author', unit: 'outside' })).json.id;
    assert.equal(await code(403, 'chief', 'DELETE', `/api/users/out/roles/${far}`), 'denied.verb');
    await must(204, 'chief', 'DELETE', `/api/users/out/roles/${id}`);
    for (const n of [wide, far]) await must(204, 'root', 'DELETE', `/api/users/out/roles/${n}`);
    assert.deepEqual([await paper('out', below), await paper('out', outside)], [403, 403]);
  });

  it('of a person, which administrators give, lets them decide what is asked of the role', async () => {
    const path = '/api/users/out/roles', run = await s.startFlow('papers.asks'), [{ id: task }] = (await s.must('task', 'list')).filter((t) => t.run === run);
    const decide = () => ask('out', 'POST', `/api/tasks/${task}/decide`, { decision: 'approve' });
    await must(201, 'root', 'POST', path, { role: 'clerk', unit: 'inside' });
    assert.equal((await decide()).status, 403, 'a role of the account allows verbs alone');
    assert.equal(await code(403, 'chief', 'POST', path, { role: 'author', unit: 'inside', of: 'person' }), 'denied.verb');
    assert.equal(await code(404, 'root', 'POST', '/api/users/root/roles', { role: 'clerk', of: 'person' }), 'people.no_person');
    assert.equal(await code(422, 'root', 'POST', path, { role: 'clerk', of: 'anybody' }), 'http.parameter');
    const { id } = (await must(201, 'root', 'POST', path, { role: 'clerk', unit: 'inside', of: 'person' })).json;
    assert.deepEqual((await must(201, 'root', 'POST', path, { role: 'clerk', unit: 'inside', of: 'person' })).json, { id, existed: true });
    assert.deepEqual((await roles('out')).filter((r) => r.role === 'clerk').map((r) => r.of), ['account', 'person']);
    assert.equal((await told('--verb', 'user.role'))[0].after.of, 'person');
    assert.equal((await decide()).status, 200);
    assert.equal((await s.until(run, 'completed')).result, 'approve');
    for (const r of await roles('out')) if (r.role === 'clerk') await must(204, 'root', 'DELETE', `${path}/${r.id}`);
  });

  it('is given, listed and taken away by commands, too, as the operator and as a user', async () => {
    const { id } = await s.must('user', 'role', 'out', 'reader', 'inside', '--since', day(1), '--until', day(3));
    const listed = { id, role: 'reader', unit: 'inside', since: day(1), until: day(3), of: 'account' };
    assert.deepEqual((await s.must('user', 'roles', 'out')).find((r) => r.id === id), listed);
    assert.match((await s.cli('user', 'end-role', 'out', id, '--as', 'an')).err, /people\.grant/);
    assert.match((await s.cli('user', 'role', 'out', 'operator', 'inside', '--as', 'chief', '--lang', 'vi')).err, /không trao hay thu hồi/);
    await s.must('user', 'end-role', 'out', id, '--on', day(2));
    assert.equal((await s.must('user', 'roles', 'out')).find((r) => r.id === id).until, day(1));
    await s.must('user', 'end-role', 'out', id);
    assert.equal((await s.must('user', 'roles', 'out')).find((r) => r.id === id), undefined);
    assert.ok((await s.must('org', 'roles')).some((r) => r.role === 'auditor' && r.verbs === 'audit.read'));
    assert.deepEqual((await s.must('org', 'members', '--body', 'council')).map((m) => m.person), ['an']);
    assert.equal((await s.must('user', 'show', 'out')).person_code, 'out');
    assert.match((await s.must('user', 'reset-link', 'out')).link, /\/auth\/reset\//);
  });

  it('is given by nobody to themselves, but by another, or on the machine', async () => {
    const { inside } = await ids(), role = { role: 'author', unit: 'inside' };
    assert.equal(await paper('root', inside), 403);
    assert.equal(await code(403, 'root', 'POST', '/api/users/root/roles', role), 'denied.own_rights');
    assert.equal(await paper('root', inside), 403);
    await s.must('user', 'role', 'root', 'author', 'inside');
    assert.equal(await paper('root', inside), 201);
  });
});

describe('a token', () => {
  const make = async (who, name, body = {}) => (await must(201, who, 'POST', `/api/users/${name}/tokens`, body)).json;
  const list = async (who, name) => (await must(200, who, 'GET', `/api/users/${name}/tokens`)).json;

  it('is made for oneself with a scope and an end, listed without its secret, and ended', async () => {
    const t = await make('an', 'an', { label: 'phone', scope: 'content.list user.show', expires: '90d' });
    assert.match(t.token, /^kh_/);
    assert.ok(Math.abs(t.expires - Date.now() - 90 * DAY) < DAY / 2);
    await must(200, t.token, 'GET', '/api/content/paper');
    assert.equal(await code(403, t.token, 'GET', '/api/tasks'), 'denied.token');
    for (const [method, path, body] of [['GET', ''], ['GET', '/roles'], ['POST', '/tokens', {}], ['DELETE', `/tokens/${t.id}`], ['POST', '/roles', { role: 'reader' }]])
      assert.equal(await code(path ? 403 : 200, t.token, method, `/api/users/an${path}`, body), path ? 'denied.token' : undefined, path);
    const row = (await list('an', 'an')).find((x) => x.id === t.id);
    assert.deepEqual([row.label, row.scope, row.made_by, row.revoked ?? null], ['phone', 'content.list user.show', 'an', null]);
    assert.ok(!JSON.stringify(await list('an', 'an')).includes('kh_'));
    assert.equal(await code(404, 'root', 'DELETE', `/api/users/out/tokens/${t.id}`), 'people.no_token');
    assert.equal(await code(403, 'out', 'DELETE', `/api/users/out/tokens/${t.id}`), 'denied.verb');
    await must(204, 'an', 'DELETE', `/api/users/an/tokens/${t.id}`);
    await must(401, t.token, 'GET', '/api/content/paper');
  });

  it('for another is the administrators\'; the owner sees who made it, the audit tells it and what is done with it', async () => {
    const { inside } = Object.fromEntries((await s.must('org', 'units')).map((u) => [u.code, u.id]));
    const t = await make('root', 'an', { label: 'printer' });
    assert.deepEqual((await list('an', 'an')).filter((x) => x.label === 'printer').map((x) => x.made_by), ['root']);
    const [row] = await told('--verb', 'user.token', '--id', t.id, '--kind', 'token');
    assert.deepEqual([row.who, row.name, row.after.label], ['user root', 'an', 'printer']);
    await must(201, t.token, 'POST', '/api/content/paper', { title: 'by the printer', unit: inside });
    assert.match((await told('--verb', 'content.create'))[0].from, new RegExp(` t-${t.id}$`));
    assert.ok(!JSON.stringify(await told()).includes('kh_'));
  });

  it('makes none that is good for more, or for longer, and what it made ends with it', async () => {
    const parent = await make('an', 'an', { scope: 'user.* content.list', expires: '10d' });
    const child = await make(parent.token, 'an'), path = '/api/users/an/tokens';
    const row = (await list('an', 'an')).find((x) => x.id === child.id);
    assert.deepEqual([row.scope, row.expires, row.made_with], ['user.* content.list', parent.expires, parent.id]);
    await make(parent.token, 'an', { scope: 'user.show', expires: '2d' });
    for (const body of [{ scope: 'report.*' }, { scope: 'user.show report.run' }, { scope: 'content.*' }, { expires: '11d' }, { days: 365 }])
      assert.equal(await code(403, parent.token, 'POST', path, body), 'people.token_wider', JSON.stringify(body));
    const grandchild = await make(child.token, 'an', { scope: 'content.list' });
    await must(200, grandchild.token, 'GET', '/api/content/paper');
    await must(204, 'an', 'DELETE', `${path}/${parent.id}`);
    for (const t of [child, grandchild]) await must(401, t.token, 'GET', '/api/content/paper');
    const admins = await make('root', 'root', { scope: 'user.token' });
    assert.equal(await code(403, admins.token, 'POST', path, { scope: 'content.*' }), 'people.token_wider', 'nor for another');
  });

  it('that an administrator made ends with the administrator, for whomever it was made, and what was made with it', async () => {
    await must(201, 'root', 'POST', '/api/users', { name: 'adm2', admin: true });
    tokens.adm2 = (await make('root', 'adm2')).token;
    const [shown, bare] = [await make('adm2', 'an', { scope: 'user.token user.show' }), (await s.must('user', 'token', 'an', '--as', 'adm2')).token];
    const child = (await must(201, shown.token, 'POST', '/api/users/an/tokens', {})).json.token, own = (await make('an', 'an')).token;
    for (const t of [shown.token, bare, child, own]) await must(200, t, 'GET', '/api/users/an');
    await must(204, 'root', 'POST', '/api/users/adm2/disable');
    for (const t of [tokens.adm2, shown.token, bare, child]) await must(401, t, 'GET', '/api/users/an');
    await must(200, own, 'GET', '/api/users/an');
    await must(204, 'root', 'POST', '/api/users/adm2/enable');
    for (const t of [tokens.adm2, shown.token, bare, child]) await must(401, t, 'GET', '/api/users/an');
  });

  it('ends at its time, and none is made that has ended', async () => {
    for (const body of [{ expires: new Date(Date.now() - 1000).toISOString() }, { expires: '0s' }, { days: 0 }]) {
      const r = await ask('an', 'POST', '/api/users/an/tokens', body);
      assert.ok(r.status === 422 || r.json.expires > Date.now(), `${JSON.stringify(body)}: ${r.status} ${r.text}`);
    }
    const { token } = (await ask('an', 'POST', '/api/users/an/tokens', { expires: '1s' })).json;
    const status = async () => (await s.request('GET', '/api/users/an', undefined, { authorization: `Bearer ${token}` })).status;
    assert.equal(await status(), 200);
    for (let i = 0; i < 100 && (await status()) === 200; i++) await pause(50);
    assert.equal(await status(), 401);
    assert.equal((await s.request('POST', '/api/users/an/tokens', {}, { authorization: `Bearer ${token}` })).status, 401);
  });

  it('is no way to have a hundred and more', async () => {
    for (let n = (await list('out', 'out')).filter((t) => !t.revoked).length; n < 100; n++) await make('out', 'out');
    assert.equal(await code(429, 'out', 'POST', '/api/users/out/tokens', {}), 'people.token_many');
  });

  it('with Idempotency-Key is made once', async () => {
    const headers = { 'idempotency-key': randomUUID() }, path = '/api/users/an/tokens';
    const first = await must(201, 'an', 'POST', path, { label: 'once' }, headers), second = await must(201, 'an', 'POST', path, { label: 'once' }, headers);
    assert.deepEqual(second.json, { id: first.json.id, withheld: ['token'] });
    assert.equal((await list('an', 'an')).filter((t) => t.label === 'once').length, 1);
    assert.equal(await code(422, 'an', 'POST', path, { label: 'other' }, headers), 'http.idempotency_other');
  });
});

describe('sessions and second factors', () => {
  it('of another are read and ended by an administrator, which is told; under /auth there are one\'s own alone', async () => {
    const { link } = (await must(201, 'root', 'POST', '/api/users/an/reset_link')).json;
    const b = browser(s);
    await b.send('POST', new URL(link).pathname, { password: PASSWORD });
    await b.login('an', PASSWORD);
    const before = (await told('--verb', 'user.sessions')).length;
    const [session] = (await must(200, 'root', 'GET', '/api/users/an/sessions')).json;
    const [row] = await told('--verb', 'user.sessions');
    assert.deepEqual([(await told('--verb', 'user.sessions')).length, row.kind, row.who, row.name], [before + 1, 'read', 'user root', 'an']);
    assert.equal(await code(400, 'root', 'GET', '/auth/sessions?user=an'), 'list.parameter');
    assert.equal(await code(404, 'root', 'DELETE', `/auth/sessions/${session.id}`), 'auth.no_session');
    assert.equal(await code(404, 'root', 'DELETE', `/api/users/out/sessions/${session.id}`), 'auth.no_session');
    assert.equal((await b.request('GET', '/auth/me')).status, 200);
    await must(204, 'root', 'DELETE', `/api/users/an/sessions/${session.id}`);
    assert.equal((await b.request('GET', '/auth/me')).status, 401);
  });

  it('a lost second factor is taken off, a lock is opened, a provider\'s login is bound', async () => {
    const b = browser(s);
    await b.login('an', PASSWORD);
    const { secret } = (await b.send('POST', '/auth/totp', { present: PASSWORD })).json;
    const { totp } = await import('../lib/browser.mjs');
    assert.equal((await b.send('POST', '/auth/totp/confirm', { code: totp(secret) })).status, 200);
    assert.equal((await must(200, 'root', 'GET', '/api/users/an')).json.totp, true);
    assert.equal((await browser(s).login('an', PASSWORD)).status, 401);
    await must(204, 'root', 'DELETE', '/api/users/an/totp');
    assert.equal((await browser(s).login('an', PASSWORD)).status, 200);
    for (let i = 0; i < 6; i++) await browser(s).login('an', 'wrong');
    assert.equal((await browser(s).login('an', PASSWORD)).status, 429);
    await must(204, 'root', 'POST', '/api/users/an/unlock');
    assert.equal((await browser(s).login('an', PASSWORD)).status, 200);
    await must(204, 'root', 'POST', '/api/users/an/identities', { issuer: 'https://id.example', subject: '17' });
    assert.equal((await told('--verb', 'auth.*')).some((r) => r.who === 'user root'), true);
  });
});

describe('what else the command line can do', () => {
  it('searching, differences, refused publications, fields of a type, members of bodies', async () => {
    const { inside } = Object.fromEntries((await s.must('org', 'units')).map((u) => [u.code, u.id]));
    const { json: one } = await must(201, 'chief', 'POST', '/api/content/paper', { title: 'Đề án 2021', unit: inside });
    await must(200, 'chief', 'PATCH', `/api/content/paper/${one.id}`, { title: 'Đề án 2022' }, { 'if-match': '*' });
    const found = async (who, query) => (await must(200, who, 'GET', `/api/search?${query}`)).json.map((i) => i.id);
    assert.deepEqual(await found('chief', 'text=de+an&unit=inside'), [one.id]);
    assert.deepEqual(await found('chief', 'text=2022&unit=inside&type=paper'), [one.id], 'a number is a text, too');
    assert.deepEqual(await found('out', 'text=de+an&unit=inside'), [], 'a draft is not found by others');
    assert.equal(await code(404, 'chief', 'GET', '/api/search?text=x&unit=nowhere'), 'people.no_unit');
    assert.equal(await code(400, 'chief', 'GET', '/api/search?text=x&nonsense=1'), 'list.parameter');
    const { json: diff } = await must(200, 'chief', 'GET', `/api/content/paper/${one.id}/diff?from=1&to=2`);
    assert.deepEqual(diff.map((d) => [d.field, d.before, d.after]), [['title', 'Đề án 2021', 'Đề án 2022']]);
    assert.equal(await code(403, 'out', 'GET', `/api/content/paper/${one.id}/diff?from=1&to=2`), 'denied.draft');
    assert.deepEqual((await must(200, 'chief', 'GET', '/api/overdue')).json, []);
    assert.ok((await must(200, 'out', 'GET', '/api/types/paper/fields')).json.some((f) => f.name === 'title'));
    await must(404, 'out', 'GET', '/api/types/nothing/fields');
    assert.deepEqual((await must(200, 'chief', 'GET', '/api/members?body=council')).json.map((m) => [m.person, m.capacity]), [['an', 'chair']]);
    assert.equal(await code(403, 'out', 'GET', '/api/members?body=council'), 'denied.verb');
  });

  it('upgrading runs, reloading all plugins, warnings, verifying, what locks the service in: the administrator\'s or the operator\'s', async () => {
    await must(204, 'root', 'POST', '/api/plugins/reload');
    assert.deepEqual((await must(200, 'root', 'GET', '/api/verify')).json, []);
    for (const path of ['/api/warnings', '/api/confinement']) assert.ok(Array.isArray((await must(200, 'root', 'GET', path)).json), path);
    await must(201, 'root', 'POST', '/api/users/an/roles', { role: 'operator' });
    assert.equal(typeof (await must(200, 'an', 'POST', '/api/runs/upgrade', { dry_run: true })).json, 'object');
    for (const [method, path] of [['POST', '/api/plugins/reload'], ['GET', '/api/verify'], ['GET', '/api/warnings'], ['GET', '/api/confinement'], ['POST', '/api/runs/upgrade']])
      assert.equal(await code(403, 'chief', method, path, method === 'POST' ? {} : undefined), 'denied.verb', path);
  });
});

describe('an account that is switched off', () => {
  const refused = async (on, ...words) => {
    const r = await on.cli(...words, '--as', 'shut', '--lang', 'en');
    assert.equal(r.code, 1, `${words.join(' ')}: ${r.out}`);
    assert.match(r.err, /The account shut is switched off/, words.join(' '));
  };

  it('does, reads and takes nothing on the command line', async () => {
    const org = join(s.dir, 'shut.json'), run = await s.startFlow('papers.asks');
    writeFileSync(org, JSON.stringify({ users: [{ name: 'shut', person: 'chief' }], role_holders: [{ role: 'organiser', user: 'shut' }, { role: 'clerk', user: 'shut' }, { role: 'clerk', person: 'chief', unit: 'inside' }] }));
    await s.must('org', 'import', org);
    const task = (await s.must('task', 'list')).find((t) => t.run === run).id;
    await s.must('task', 'list', '--as', 'shut');
    await s.must('user', 'disable', 'shut');
    for (const words of [['task', 'decide', task, '--decision', 'approve'], ['task', 'list'], ['calendar', 'link'], ['org', 'import', org], ['org', 'export', '-'], ['flow', 'start', 'papers.asks'],
      ['report', 'list'], ['audit', 'list'], ['content', 'list', 'paper'], ['user', 'token', 'an'], ['delegation', 'add', '--from', 'chief', '--to', 'an', '--until', day(5)]])
      await refused(s, ...words);
    assert.equal((await s.flow(run)).state, 'running');
    await s.must('user', 'enable', 'shut');
    await s.must('task', 'decide', task, '--decision', 'approve', '--as', 'shut');
    assert.equal((await s.until(run, ['completed', 'failed'])).state, 'completed');
  });

  it('nor without a service', async () => {
    const alone = new Service(folder());
    await alone.must('user', 'add', 'shut', '--admin');
    await alone.must('user', 'add', 'other', '--admin');
    await alone.must('user', 'list', '--as', 'shut');
    await alone.must('user', 'disable', 'shut');
    for (const words of [['user', 'list'], ['user', 'add', 'more'], ['report', 'run', 'audit']]) await refused(alone, ...words);
    assert.deepEqual((await alone.must('user', 'list')).map((u) => u.name).toSorted(), ['other', 'shut']);
  });
});
