// A person is erased: nothing in the audit tells who it was, everything else is still proved, and the chain is whole.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { write } from '../lib/khung.mjs';
import { office, ended, org, sql, traces, MAIL, NAME, REASON } from '../lib/erasure.mjs';

const bearer = (token) => ({ authorization: `Bearer ${token}` });

test('what would be erased is listed first, with where else the name stands, and nothing is changed by that', async () => {
  const s = await office();
  const would = await s.must('audit', 'erase', '--person', 'hongvan', '--dry-run', '--as', 'boss');
  assert.deepEqual(would.texts.toSorted(), [NAME, MAIL, 'hongvan', 'hongvan'].toSorted());
  assert.ok(would.audit_values >= 9, JSON.stringify(would));
  assert.ok(would.elsewhere.some((w) => w.table === 'p_awards__nomination' && w.column === 'nominee' && w.rows === 2), JSON.stringify(would.elsewhere));
  assert.equal(would.refused, undefined);
  assert.match(JSON.stringify(await s.read()), /Hồng Vân/);
  const [told] = await s.read('--verb', 'audit.erase_preview');
  assert.deepEqual([told.who, told.kind], ['boss', 'read']);
  const r = await s.request('GET', '/api/audit/erasures/preview?person=hongvan', undefined, bearer(s.boss));
  assert.ok(r.json.audit_values > would.audit_values, 'the look itself was told, with the code of the person');
  assert.equal((await s.read('--verb', 'audit.erase_preview')).length, 2);
  await s.stop();
});

test('names, addresses and where it came from go; who did what to which thing stays, and the chain is whole', async () => {
  const s = await office();
  const before = await s.read();
  const done = await s.must('audit', 'erase', '--person', 'hongvan', '--reason', REASON, '--as', 'boss');
  assert.ok(done.done_at, JSON.stringify(done));
  assert.ok(done.values >= 9);
  const verified = await s.must('audit', 'verify');
  assert.equal(verified.whole, true);
  assert.equal(verified.erased, done.values);
  const after = await s.read();
  assert.doesNotMatch(JSON.stringify(after), /Hồng Vân|HỒNG VÂN|hong\.van|hongvan/);
  const insert = after.filter((e) => e.verb === 'storage.insert');
  assert.deepEqual(insert.at(-1).after.nominee, { erased: true });
  assert.equal(insert.at(-1).after.year, 2020);
  assert.equal(insert.at(-1).after.what, 'model', 'what tells of nobody stays');
  const started = after.filter((e) => e.verb === 'flow.start');
  assert.equal(started.at(-1).from, undefined, 'nor the address that it came from');
  assert.match(started[0].from, /^http /);
  assert.equal(insert.at(-1).erased.reason, REASON);
  assert.equal(insert.at(-1).erased.who, 'boss');
  assert.equal(insert[0].after.nominee, 'Trần Văn An', 'others stay as they are');
  assert.equal(after.filter((e) => e.verb === 'audit.erase' && e.kind === 'person').length, 1);
  const was = before.find((e) => e.row === insert.at(-1).row && e.verb === 'storage.insert');
  assert.deepEqual([was.id, was.at, was.person], [insert.at(-1).id, insert.at(-1).at, insert.at(-1).person]);
  await s.stop();
});

test('the person has a pseudonym, the account no way in, and no byte of the audit, the person or the account is left in the files', async () => {
  const s = await office(0);
  const person = sql(s, "select id from person where code = 'hongvan'");
  const raised = await s.rpc('org.import', [{ users: [{ name: 'hongvan', person: 'hongvan', admin: true }] }]);
  assert.equal(raised.status, 200, raised.text);
  const small = join(s.dir, 'small.json'); // so small that the audit could keep all of it
  write(small, JSON.stringify({ persons: [{ code: 'hongvan', name: NAME }] }));
  await s.must('org', 'import', small);
  assert.deepEqual((await s.read('--verb', 'org.import'))[0].after.tree.files.map((f) => Object.keys(f).toSorted()), [['bytes', 'name', 'sha256']]);
  const made = (await s.must('user', 'token', 'other', '--as', 'hongvan')).token;
  assert.equal((await s.request('GET', '/api/inbox', undefined, bearer(made))).status, 200);
  await s.must('audit', 'erase', '--person', 'hongvan', '--reason', REASON, '--as', 'boss');
  assert.deepEqual(traces(s), []);
  for (const token of [made, s.van]) assert.equal((await s.request('GET', '/api/inbox', undefined, bearer(token))).status, 401);
  assert.equal(sql(s, `select code, name, email is null from person where id = ${person}`), `erased-${person}|Person ${person}|1`);
  assert.match(sql(s, 'select name, disabled_at is not null from account where id = 1'), /^erased-1\|1$/);
  assert.equal((await s.cli('audit', 'erase', '--person', 'hongvan', '--reason', REASON)).code, 1, 'there is nobody of that name any more');
  await s.restart();
  assert.deepEqual(traces(s), []);
  assert.equal((await s.must('audit', 'verify')).whole, true);
  await s.stop();
});

test('refused: without a right, a reason, by oneself, in office, with a reason that names the person', async () => {
  const s = await office();
  const ask = (token, body) => s.request('POST', '/api/audit/erasures', body, bearer(token));
  const refused = async (r, status, code) => assert.deepEqual([(await r).status, (await r).json.code], [status, code]);
  await refused(ask(s.other, { person: 'hongvan', reason: REASON }), 403, 'denied.verb');
  await s.must('user', 'add', 'root', '--admin');
  const root = (await s.must('user', 'token', 'root')).token;
  await refused(ask(root, { person: 'hongvan', reason: REASON }), 403, 'denied.verb');
  await refused(ask(s.boss, { person: 'hongvan' }), 422, 'invalid.argument');
  await refused(ask(s.boss, { person: 'hongvan', reason: '  ' }), 422, 'audit.reason');
  await refused(ask(s.boss, { person: 'hongvan', reason: `letter of nguyen thi HONG van` }), 422, 'audit.reason_named');
  await refused(ask(s.boss, { person: 'boss', reason: REASON }), 409, 'people.erase_self');
  await s.must('user', 'role', 'other', 'privacy');
  await refused(ask(s.other, { person: 'boss', reason: REASON }), 409, 'people.erase_office');
  assert.match((await ask(s.other, { person: 'boss', reason: REASON })).text, /Head/, 'the title, not the code');
  await refused(ask(s.boss, { person: 'nobody', reason: REASON }), 404, 'people.no_person');
  assert.equal((await s.cli('audit', 'erase', '--person', 'hongvan')).code, 1);
  assert.match(JSON.stringify(await s.read()), /Hồng Vân/);
  assert.deepEqual((await s.request('GET', '/api/audit/erasures', undefined, bearer(s.boss))).json, []);
  assert.equal((await s.request('GET', '/api/audit/erasures', undefined, bearer(root))).status, 403);
  await s.stop();
});

test('somebody else of the same name keeps their own entries', async () => {
  const s = await office();
  const twin = { ...org, persons: [...org.persons, { code: 'twin', name: NAME, email: 'twin@example.org' }], holders: [] };
  const { write } = await import('../lib/khung.mjs');
  write(`${s.dir}/twin.json`, JSON.stringify(twin));
  await s.must('org', 'import', `${s.dir}/twin.json`);
  await s.must('audit', 'erase', '--person', 'hongvan', '--reason', REASON, '--as', 'boss');
  assert.equal(sql(s, "select name from person where code = 'twin'"), NAME);
  assert.equal((await s.must('audit', 'verify')).whole, true);
  await s.stop();
});

// An erased row: its marker replaced by a name, its seal changed, its salts cut, the rest of it changed; and a value taken out, or put back,
// without an act.
for (const [how, change, want] of [
  ['another name written where one was erased', (row) => `update audit set body = cast(replace(cast(body as text), x'0886' || 'erased@@', x'89' || 'Some Body') as blob) where id = ${row}`, 'changed'],
  ['a changed seal', (row) => `update audit set salt = substr(salt, 1, length(salt) - 1) || x'00' where id = ${row}`, 'changed'],
  ['salts that are gone', (row) => `update audit set salt = null where id = ${row}`, 'changed'],
  ['the rest of it changed', (row) => `update audit set body = cast(replace(cast(body as text), 'model', 'medal') as blob) where id = ${row}`, 'changed'],
  ['an address put back', (row) => `update audit set origin = 'http 10.0.0.1' where id = ${row}`, 'changed'],
])
  test(`tampering with an erased row is named: ${how}`, async () => {
    const s = await office();
    await s.must('audit', 'erase', '--person', 'hongvan', '--reason', REASON, '--as', 'boss');
    const row = (await s.read('--verb', 'storage.insert')).at(-1).row;
    await s.stop();
    const was = sql(s, `select hex(body) || hex(salt) || coalesce(origin, '') from audit where id = ${row}`);
    sql(s, change(row));
    assert.notEqual(sql(s, `select hex(body) || coalesce(hex(salt), '') || coalesce(origin, '') from audit where id = ${row}`), was);
    await s.start();
    const r = await s.cli('audit', 'verify');
    assert.equal(r.code, 1, how);
    assert.equal(r.json.broken_at, row);
    assert.match(r.json.why, want === 'changed' ? /changed/ : /erased/);
    await s.stop();
  });

test('a row that was put back as it was before its erasure is named, too', async () => {
  const s = await office();
  const row = (await s.read('--verb', 'storage.insert')).at(-1).row;
  const [body, salt, origin] = sql(s, `select hex(body), hex(salt), origin from audit where id = ${row}`).split('|');
  await s.must('audit', 'erase', '--person', 'hongvan', '--reason', REASON, '--as', 'boss');
  await s.stop();
  sql(s, `update audit set body = x'${body}', salt = x'${salt}', origin = '${origin}' where id = ${row}`);
  await s.start();
  const r = await s.cli('audit', 'verify');
  assert.equal(r.json.broken_at, row);
  assert.match(r.json.why, /erased in row/);
  await s.stop();
});

test('two erasures one after the other, and one asked for twice at once', async () => {
  const s = await office();
  const ask = (person) => s.request('POST', '/api/audit/erasures', { person, reason: REASON }, bearer(s.boss));
  const both = await Promise.all([ask('hongvan'), ask('other'), ask('hongvan')]);
  assert.deepEqual(both.map((r) => r.status).toSorted(), [201, 201, 404]);
  const done = await ended(s);
  assert.equal(done.length, 2);
  assert.doesNotMatch(JSON.stringify(await s.read()), /Hồng Vân|Trần Văn An/);
  const verified = await s.must('audit', 'verify');
  assert.equal(verified.erased, done[0].values + done[1].values);
  await s.stop();
});
