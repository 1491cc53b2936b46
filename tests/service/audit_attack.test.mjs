// Whoever reaches the file of the database with other tools: each thing that they can do to the audit is named by its row, or by what was
// printed. One database is made, and attacked in copies.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pause, Service, sqlite } from '../lib/khung.mjs';
import { ended, office, REASON } from '../lib/erasure.mjs';

const DAY = 86400000;
const sql = (data, text) => sqlite(data, text);

describe('the audit, attacked in a copy of its database', () => {
  let s, rows, anchors, head, row, gone, act, named, printed;
  before(async () => {
    s = await office(2);
    for (let day = 1; day <= 2; day++) {
      await s.stop();
      s.config.clock_offset = day * DAY;
      await s.start();
      await s.must('user', 'add', `u${day}`);
      await s.must('user', 'add', `v${day}`);
    }
    await s.request('POST', '/api/audit/erasures', { person: 'hongvan', reason: REASON }, { authorization: `Bearer ${s.boss}` });
    await ended(s);
    await s.must('user', 'add', 'last');
    const n = () => Number(sql(s.data, 'select max(id) from audit'));
    for (let i = 0; i < 400 && Number(sql(s.data, 'select audit from audit_indexed')) < n(); i++) await pause(25);
    printed = (await s.must('audit', 'verify')).head;
    anchors = await s.must('audit', 'anchors');
    await s.stop();
    sql(s.data, 'pragma wal_checkpoint(truncate)');
    rows = n();
    head = rows;
    row = Number(sql(s.data, 'select min(id) from audit where user is not null and person is not null and origin is not null and id > 5'));
    gone = Number(sql(s.data, 'select min(id) from audit where length(salt) > 32'));
    act = Number(sql(s.data, "select min(id) from audit where instr(body, 'audit.erase') and instr(body, 'values') and id > 3"));
    named = Number(sql(s.data, 'select audit from audit_anchor order by day desc limit 1'));
    assert.ok(anchors.length >= 3 && row && gone && act && named > 1, JSON.stringify({ anchors, row, gone, act, named }));
  });
  after(() => s?.stop());

  let copies = 0;
  // What the verification says of a copy that was changed so.
  async function attacked(text, ...words) {
    const c = new Service(s.dir);
    c.data = join(s.dir, `copy${++copies}`);
    cpSync(s.data, c.data, { recursive: true, filter: (f) => !f.endsWith('.sock') && !f.endsWith('.lock') });
    if (text) sql(c.data, text);
    const r = await c.cli('audit', 'verify', ...words);
    rmSync(c.data, { recursive: true });
    return { code: r.code, at: r.json?.broken_at, why: r.json?.why ?? r.err };
  }

  it('is whole as it is, against each of its anchors and its end', async () => {
    assert.equal((await attacked('')).code, 0);
    for (const a of [printed, ...anchors.map((x) => x.anchor)]) assert.equal((await attacked('', '--anchor', a)).code, 0, a);
    assert.deepEqual([(await attacked('', '--anchor', `1:${'0'.repeat(64)}`)).at, (await attacked('', '--anchor', 'nonsense')).code], [1, 1]);
  });

  const each = (name, made) => it(name, async () => {
    const [text, at, why] = made();
    const r = await attacked(text);
    assert.deepEqual([r.code, r.at], [1, at], `${text}\n${JSON.stringify(r)}`);
    if (why) assert.match(r.why, why);
  });
  const set = (what, id) => `update audit set ${what} where id = ${id}`;
  for (const [column, to] of Object.entries({ at: 'at + 1', user: 'user + 1', person: 'null', run: '4711', plugin: "'other'", origin: "'127.0.0.9'", body: 'substr(body, 1, length(body) - 1)',
    hash: 'randomblob(32)', salt: 'randomblob(32)' })) each(`${column} of a row was changed`, () => [set(`${column} = ${to}`, row), row, /changed|sửa/]);
  each('a seed was taken away, as if there were no seals', () => [set('salt = null', row), row]);
  each('a row in the middle was removed', () => [`delete from audit where id = ${row}`, row, /missing|Thiếu/]);
  each('the first row was removed', () => ['delete from audit where id = 1', 1]);
  each('rows were moved up to close the gap', () => [`delete from audit where id = ${row}; update audit set id = -id where id > ${row}; update audit set id = -id - 1 where id < 0`, row]);
  each('two rows were swapped', () => [`update audit set id = -1 where id = ${row}; update audit set id = ${row} where id = ${row + 1}; update audit set id = ${row + 1} where id = -1`, row]);
  each('a row was put in between', () => [`update audit set id = -id where id > ${row}; update audit set id = -id + 1 where id < 0;
    insert into audit select ${row + 1}, at, user, person, run, plugin, origin, body, hash, salt from audit where id = ${row}`, row + 1]);
  each('a row was put before the first', () => ['insert into audit select -3, at, user, person, run, plugin, origin, body, hash, salt from audit where id = 1', 1]);
  each('the last row was doubled', () => [`insert into audit select ${head + 1}, at, user, person, run, plugin, origin, body, hash, salt from audit where id = ${head}`, head + 1]);
  each('rows were cut off at the end', () => [`delete from audit where id > ${head - 2}`, head - 1, /missing|Thiếu/]);
  each('rows were cut off at the end, in the index, too, and an anchor knows', () => [`delete from audit where id >= ${named}; delete from audit_index where audit >= ${named}; update audit_indexed set audit = ${named - 1}`, named]);
  each('a row is not found by the search any more: by its thing', () => [`delete from audit_index where audit = ${row} and key <> (select key from audit_index where audit = ${row} order by key limit 1)`, row, /index|chỉ mục/]);
  each('a row is not found by the search any more: at all', () => [`delete from audit_index where audit = ${row}`, row, /index|chỉ mục/]);
  each('rows to come would not be found, since the index says that it knows them', () => [`update audit_indexed set audit = ${1000000}`, head + 1]);
  each('an anchor was changed', () => [`update audit_anchor set hash = randomblob(32) where audit = ${named}`, named, /anchor|mốc/i]);
  each('an anchor was moved to another row', () => [`update audit_anchor set audit = audit - 1 where audit = ${named}`, named - 1]);
  each('an anchor was removed', () => [`delete from audit_anchor where audit = ${named}`, named, /anchor|mốc/i]);
  each('all anchors were removed', () => ['delete from audit_anchor', Number(anchors.at(-1).anchor.split(':')[0])]);
  each('what stands for an erased value was changed', () => [set("salt = substr(salt, 1, length(salt) - 1) || x'00'", gone), gone]);
  each('an erased value was put back', () => [set("body = cast(replace(cast(body as text), 'erased', 'Hoanga') as blob)", gone), gone]);
  each('the act of an erasure was changed', () => [set("body = cast(replace(cast(body as text), 'audit.erase', 'audit.erasf') as blob)", act), act]);

  it('cut at the end with the index and the anchors behind it: what was printed knows', async () => {
    const cut = `delete from audit where id > ${head - 1}; delete from audit_index where audit > ${head - 1}; update audit_indexed set audit = ${head - 1}`;
    assert.equal((await attacked(cut)).code, 0, 'the machine alone cannot tell');
    const r = await attacked(cut, '--anchor', printed);
    assert.deepEqual([r.code, r.at], [1, head]);
  });

  it('no change of a row is shown by the search and missed by the verification', async () => {
    const values = ["'x'", '1.5', "x'00'", '-1', "''"];
    const texts = [];
    for (const column of ['at', 'user', 'person', 'run', 'plugin', 'origin', 'body', 'hash', 'salt']) for (const v of values) texts.push(`${column} = ${v}`);
    const c = new Service(s.dir);
    c.data = join(s.dir, 'fuzz');
    const list = async () => JSON.stringify((await c.cli('audit', 'list', '--limit', '1000', '--as', 'boss')).json?.items?.filter((e) => e.row === row));
    cpSync(s.data, c.data, { recursive: true, filter: (f) => !f.endsWith('.sock') });
    const kept = sql(c.data, `select quote(at), quote(user), quote(person), quote(run), quote(plugin), quote(origin), quote(body), quote(hash), quote(salt) from audit where id = ${row}`).split('|');
    const as = await list();
    let found = 0;
    for (const text of texts) {
      const column = text.split(' ')[0];
      try { sql(c.data, set(text, row)); } catch { continue; } // not null
      const r = await c.cli('audit', 'verify');
      if (r.code === 1) assert.equal(r.json.broken_at, row, text);
      else assert.equal(await list(), as, `${text} is shown and not told`);
      found += r.code === 1;
      sql(c.data, set(`${column} = ${kept[['at', 'user', 'person', 'run', 'plugin', 'origin', 'body', 'hash', 'salt'].indexOf(column)]}`, row));
    }
    assert.ok(found > 30, `${found} of ${texts.length}`);
  });
});

describe('who may see it', () => {
  it('nobody without the right sees a row, an anchor, an erasure or an export; not by the stream of events either', async () => {
    const s = await office(1);
    const other = (path) => s.request('GET', path, undefined, { authorization: `Bearer ${s.other}` });
    for (const path of ['/api/audit', '/api/audit?person=other', '/api/audit/anchors', '/api/audit/verify', '/api/audit/erasures', '/api/audit/erasures/preview?person=other', '/api/audit/export'])
      assert.equal((await other(path)).status, 403, path);
    for (const path of ['/api/audit', '/api/audit/export']) assert.equal((await s.request('GET', path)).status, 401, path);
    assert.equal((await s.cli('audit', 'list', '--as', 'other')).code, 1);
    await s.stop();
  });
});
