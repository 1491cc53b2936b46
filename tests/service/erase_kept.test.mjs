// What the host keeps by itself is reached by an erasure, too; what is not is named with what to do; and one thing that cannot be changed
// holds up no other.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlite } from '../lib/khung.mjs';
import { archive, fill, MAIL, NAME, REASON } from '../lib/personal.mjs';

const MARK = '█████';
const sql = (s, text) => sqlite(s.data, text);
const byPlace = (list) => Object.fromEntries(list.map((p) => [p.place, p]));
const erase = (s, ...more) => s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss', ...more);

const SOURCE = `
  content.type("memo", { title = "title", fields = { title = "text!", said = { "text", personal = "title" }, born = { "date", personal = "title" }, who = "text" } })
  local ages = storage.table("age", { fields = { of = "person", born = { "date", personal = "of" }, height = { "integer", personal = "of" }, years = { "list:integer", personal = "of" }, shoe = "integer" } })
  local function keep(t)
    storage.kv.set("last", t.name); storage.kv.set("seen:" .. t.name, true); storage.kv.set("list", { { who = "x" }, { who = t.mail, n = 3 } })
    storage.kv.set("hoa", 1); storage.kv.set("other", "Trần Văn An"); storage.kv.set("cut", "x " .. t.name .. ", y\\xe1")
  end
  flow.define("keep", { input = { name = "text!", mail = "text!" } }, function(run, input)
    keep(input)
    ages:insert { of = person("hoa"), born = "1970-01-04", height = 160, years = { 2019, 2020 }, shoe = 38 }
    return content.create("memo", { title = "A memo", said = "He said", born = "1970-01-04", who = input.name })
  end)
  flow.define("many", { input = { from = "integer!", name = "text!" } }, function(run, input)
    for i = input.from, input.from + 149 do storage.kv.set("many é " .. i, input.name) end
  end)
  flow.define("num", { input = { of = "person", n = { "integer", personal = "of" } } }, function(run, input) end)
  flow.define("later", { input = { who = "text!", born = "date" } }, function(run, input) end)
  flow.define("plan", { input = { name = "text!" } }, function(run, input)
    schedule.at("once", "2100-01-04 08:00", { flow = "later", input = { who = input.name } })
    schedule.at("over " .. input.name, "2100-01-04 08:00", { flow = "later", input = { who = input.name } })
  end)
  flow.define("fails", { input = { name = "text!" } }, function(run, input) error("no such person: " .. input.name) end)
  schedule.cron("again", "0 7 1 1 *", { flow = "later", input = { who = "${NAME}" } })`;
const NEEDS = '{ "flow", "storage", "content", "content:publish", "people", "schedule" }';

describe('what is kept where nothing is declared', () => {
  let s, e, would, ids = {};
  before(async () => {
    s = await archive({ source: SOURCE, needs: NEEDS });
    const start = (name, input) => s.must('flow', 'start', `t.${name}`, '--input', JSON.stringify(input)).then((r) => r.id);
    ids.keep = await start('keep', { name: NAME, mail: MAIL });
    ids.memo = (await s.done(ids.keep)).result;
    await s.done(ids.num = await start('num', { of: s.van, n: 4711 }));
    await s.done(await start('plan', { name: NAME }));
    ids.later = await start('later', { who: NAME, born: '1970-01-04' });
    await s.done(ids.later);
    const failed = await start('fails', { name: NAME });
    await s.until1('the error is kept', () => sql(s, 'select count(*) from incident') !== '0');
    await s.must('flow', 'cancel', failed);
    // Answers: one to her, one that names her, one about somebody else.
    const once = (name, key, body) => s.as(name)('POST', '/api/runs', body, { 'idempotency-key': key });
    await s.must('user', 'role', 'boss', 'boss');
    assert.equal((await s.as('boss')('POST', '/api/persons/x', {}, {})).status, 404);
    for (const [key, who] of [['k1', NAME], ['k2', 'Trần Văn An']]) {
      const r = await once('boss', key, { flow: 't.later', input: { who } });
      assert.equal(r.status, 201, r.text);
      (ids.answers ??= {})[key] = r.json;
    }
    sql(s, `update http_idempotency set body = '{"id":${ids.answers.k1.id},"title":"Hello ${NAME}"}' where instr(body, '${ids.answers.k1.id}')`);
    const task = await s.must('flow', 'start', 't.about', '--input', JSON.stringify({ who: 'somebody' }));
    const [open] = await s.open(task.id);
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${open.id}/decide`, { decision: 'approve' }, { 'idempotency-key': 'hers' })).status, 200);
    await s.done(task.id);
    assert.equal(sql(s, 'select count(*) from http_idempotency'), '3');
    ids.over = Number(sql(s, "select id from schedule where name like 'over %'"));
    ids.once = Number(sql(s, "select id from schedule where name = 'once'"));
    ids.again = Number(sql(s, "select id from schedule where name = 'again'"));
    sql(s, `update schedule set state = 3, next_at = null where id = ${ids.over}`);
    const draft = `/api/content/memo/${ids.memo}`, tag = (await s.as('boss')('GET', `${draft}/draft`)).headers.etag;
    const cleared = await s.as('boss')('PATCH', draft, { said: null, born: null, who: null }, { 'if-match': tag });
    assert.equal(cleared.status, 200, cleared.text);
    // More than a piece of each.
    const many = (rows) => sql(s, `with recursive n(i) as (values(1) union all select i + 1 from n where i < 450) ${rows}`);
    for (const from of [1, 151, 301]) await s.done(await start('many', { from, name: NAME }));
    many("insert into incident select printf('z%07d', i), plugin, version, kind, name, place, run, entry, code, text, remedy, args, traceback, source, first, last, count from (select * from incident where instr(text, 'Hồng') limit 1), n");
    many("insert into http_idempotency select randomblob(32), request, status, body, at, type, head, account from (select * from http_idempotency where instr(body, 'Hồng')), n");
    many(`insert into schedule select 1000 + i, plugin, name || ' ' || i, kind, local, zone, due, next_at, cron, flow, input, item, missed, overlap, grace_ms, declared, state, manual, waiting, alarmed, tries, error, last_run, last_run_at, last_late_ms, created_at
      from (select * from schedule where id = ${ids.over}), n`);
    // The author drops fields, and a flow; a field of the schedule's plugin stays.
    const file = join(s.dir, 'plugins/t/init.lua');
    writeFileSync(file, readFileSync(file, 'utf8').replace('said = { "text", personal = "title" }, born = { "date", personal = "title" }, who = "text"', 'place = "text"')
      .replace('shoe = "integer"', 'shoe = { "integer", personal = "of" }').replace('said = "He said", born = "1970-01-04", who = input.name', '').replace(/flow\.define\("keep".*?\n  end\)/s, ''));
    await s.must('plugin', 'reload', 't');
    would = await s.must('audit', 'erase', '--person', 'hoa', '--dry-run', '--as', 'boss');
    e = await erase(s);
  });
  after(() => s?.stop());

  it('the dry run counts each place, and says what stays outside and what to do about it', () => {
    const places = byPlace(would.places);
    for (const place of ['kv', 'schedule', 'errors', 'answers', 'content', 'runs', 'tables']) assert.ok(places[place], `${place}: ${JSON.stringify(would.places)}`);
    const outside = would.left.filter((l) => l.place === 'outside').map((l) => l.what);
    assert.deepEqual(outside.toSorted(), ['backups', 'log', 'sent']);
    assert.ok(would.left.every((l) => l.why && /\.$/.test(l.says)), JSON.stringify(would.left));
    assert.deepEqual(would.left.filter((l) => l.place === 'kv'), [{ ...would.left.find((l) => l.place === 'kv'), what: 'kv:t', values: 1, why: 'storage.erase_code' }]);
  });

  it('storage.kv: values and keys that tell of her; a key that is her code alone is told of, and stays', () => {
    const rows = sql(s, "select key, quote(cast(value as text)) from kv where key not like 'k%' order by key").split('\n');
    assert.ok(!rows.join().includes('Hồng') && !rows.join().includes(MAIL), rows.join('\n'));
    assert.ok(rows.some((r) => r.startsWith('erased-')) && rows.some((r) => r.startsWith('hoa|')) && rows.some((r) => r.includes('Trần Văn An')), rows.join('\n'));
    assert.equal(sql(s, "select count(*) from kv where hex(value) like '%E1%' and key like 'cut%' and instr(value, 'Nguy')"), '0', 'a text that was cut within a letter');
    assert.ok(e.left.some((l) => l.place === 'kv' && l.why === 'storage.erase_code'));
    assert.equal(sql(s, "select count(*) from kv where key like 'many%' and instr(value, 'Hồng') = 0"), '450');
  });

  it('jobs: one that is over loses its name and input; one that is to run is waited for, with what to do', async () => {
    assert.equal(sql(s, `select name like 'erased-%', instr(input, 'Hồng') from schedule where id = ${ids.over}`), '1|0');
    assert.equal(sql(s, "select count(*) from schedule where id between 1001 and 1450 and instr(name, 'Hồng') = 0 and instr(input, 'Hồng') = 0"), '450');
    const waits = e.waits.filter((w) => w.place === 'schedule').map((w) => w.id).toSorted();
    assert.deepEqual(waits, [ids.once, ids.again].toSorted());
    assert.match(sql(s, `select cast(input as text) from schedule where id = ${ids.once}`), /Hồng Vân/);
  });

  it('kept errors of plugins that name her are gone', () => {
    assert.equal(sql(s, `select count(*) from incident where instr(text, 'Hồng') or instr(traceback, 'Hồng') or instr(args, cast('Hồng' as blob))`), '0');
    assert.ok(byPlace(e.places).errors.things >= 1);
  });

  it('answers that are kept for a day: hers are gone, the name is taken out of others, and what was asked is still done once', async () => {
    assert.equal(sql(s, 'select count(*) from http_idempotency'), '452');
    assert.equal(sql(s, "select count(*) from http_idempotency where instr(body, 'Hồng')"), '0');
    const again = await s.as('boss')('POST', '/api/runs', { flow: 't.later', input: { who: NAME } }, { 'idempotency-key': 'k1' });
    assert.deepEqual([again.status, again.json], [201, { id: ids.answers.k1.id, title: MARK }]);
  });

  it('fields that the type declares no more, and inputs of a flow that no plugin declares', async () => {
    const body = sql(s, `select body from revision where item = ${ids.memo}`);
    assert.doesNotMatch(body, /Hồng/, body);
    assert.match(body, /A memo/);
    const run = await s.flow(ids.keep);
    assert.doesNotMatch(JSON.stringify(run.input ?? run), /Hồng|hong\.van/);
    assert.equal(sql(s, `select instr(input, '${MAIL}') + instr(input, 'Hồng') from flow_run where id = ${ids.keep}`), '0');
    assert.deepEqual(await s.must('verify'), [], 'a revision of which a public field went can be proved no more, and is not called damaged');
  });

  it('numbers and dates of hers in the audit, told as texts, are erased there', async () => {
    const told = (await s.must('audit', 'list', '--kind', 'table:t.age', '--as', 'boss')).items.filter((x) => x.verb === 'storage.insert');
    assert.equal(told.length, 1);
    assert.doesNotMatch(JSON.stringify(told[0].after), /1970|160/, JSON.stringify(told[0]));
    const told2 = (await s.must('audit', 'list', '--kind', 'run', '--id', String(ids.num), '--as', 'boss')).items.find((x) => x.verb === 'flow.start');
    assert.doesNotMatch(JSON.stringify(told2.after), /4711/, JSON.stringify(told2));
    // What was told before its field was called personal is public there: how many are left is said.
    assert.deepEqual([told[0].after.years, told[0].after.shoe], [{ erased: true }, 38]);
    assert.equal(sql(s, 'select height is null and shoe is null from p_t__age'), '1');
    const left = e.left.find((l) => l.why === 'audit.left_numbers');
    assert.deepEqual([left?.place, left?.values], ['audit', 1], JSON.stringify(e.left));
    assert.equal((await s.must('audit', 'verify')).whole, true);
  });

  it('columns in which the name stands when all is looked at are listed with what to do; when the jobs have ended nothing of her is left', async () => {
    const columns = e.left.filter((l) => l.place === 'elsewhere');
    assert.ok(columns.some((l) => l.what === 'schedule.input' && l.why === 'audit.left_kept'), JSON.stringify(e.left));
    sql(s, `update schedule set state = 3, next_at = null where id = ${ids.once}`);
    const file = join(s.dir, 'plugins/t/init.lua');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/schedule\.cron\(.*/, ''));
    await s.restart();
    const done = await s.reaches('done');
    assert.deepEqual(done.left.filter((l) => l.place === 'elsewhere' && l.what.startsWith('schedule')), []);
    const columns2 = done.left.filter((l) => l.place === 'elsewhere').map((l) => l.what);
    assert.deepEqual(columns2.filter((c) => !/^plugin_/.test(c)), [], 'the source of the plugin names her, and its author has to change it');
    assert.ok(!readFileSync(join(s.data, 'khung.db')).includes(Buffer.from(MAIL)));
    assert.equal((await s.must('audit', 'verify')).whole, true);
  });
});

// A trigger refuses one row of each place, as a damaged page or a rule of somebody's own would.
describe('one thing of a place that cannot be changed', () => {
  it('is waited for with its reason; all the rest is done; it can be tried again, and be left with a reason', async () => {
    const s = await archive({ source: SOURCE, needs: NEEDS }), made = await fill(s);
    await s.must('flow', 'cancel', made.open);
    const start = (name, input) => s.must('flow', 'start', `t.${name}`, '--input', JSON.stringify(input)).then((r) => r.id);
    await s.done(await start('keep', { name: NAME, mail: MAIL }));
    await s.stop();
    sql(s, `create trigger no_run before update on flow_run when old.id = ${made.about} begin select raise(abort, 'no'); end;
      create trigger no_kv before update on kv when old.key = 'last' begin select raise(abort, 'no'); end;
      create trigger no_member before update on p_t__member when old.id = (select min(id) from p_t__member) begin select raise(abort, 'no'); end;
      create trigger no_audit before update on audit when old.id = (select min(id) from audit where instr(body, '${NAME}')) begin select raise(abort, 'no'); end`);
    await s.start();
    await erase(s);
    const e = await s.reaches('waiting'), places = e.waits.map((w) => w.place).toSorted();
    assert.deepEqual(places, ['audit', 'kv', 'runs', 'schedule', 'tables'], JSON.stringify(e.waits));
    assert.ok(e.waits.every((w) => w.why && /\.$/.test(w.says)));
    assert.equal(sql(s, `select count(*) from kv where instr(value, '${MAIL}')`), '0', 'the next value of the same place is done');
    assert.match(sql(s, "select cast(value as text) from kv where key = 'last'"), /Hồng Vân/);
    assert.equal(sql(s, `select count(*) from notice where person = ${s.van}`), '0', 'a later place is done');
    assert.equal(sql(s, `select count(*) from flow_run where id <> ${made.about} and instr(result, 'Hồng')`), '0', 'other runs are done');
    const held = sql(s, "select group_concat(id || ' ' || hex(body), char(10)) from audit where instr(body, 'Hồng')");
    assert.equal(held.split('\n').length, 1, held.split('\n').map((h) => Buffer.from(h.split(' ')[1], 'hex').toString()).join('\n'));
    assert.equal((await s.must('audit', 'verify')).whole, true);

    const boss = s.as('boss'), at = (place) => e.waits.find((w) => w.place === place);
    const skip = (body, as = boss) => as('POST', `/api/audit/erasures/${e.id}/skip`, body);
    const kv = at('kv');
    assert.equal((await skip({ place: 'kv', id: kv.id, reason: 'r' }, s.as('lan'))).status, 403);
    assert.equal((await s.as('lan')('POST', `/api/audit/erasures/${e.id}/retry`)).status, 403);
    assert.deepEqual((await skip({ place: 'kv', id: 7, reason: 'r' })).json.code, 'audit.no_wait');
    assert.deepEqual((await skip({ place: 'kv', id: kv.id })).json.code, 'audit.reason');
    assert.deepEqual((await skip({ place: 'kv', id: kv.id, reason: `for ${NAME}` })).json.code, 'audit.reason_named');
    assert.equal((await skip({ place: 'kv', id: kv.id, reason: 'Case 7 of the court' })).status, 204);
    const told = (await s.must('audit', 'list', '--verb', 'audit.erase_skip', '--as', 'boss')).items;
    assert.deepEqual([told.length, told[0].kind, told[0].id, told[0].reason], [1, 'kv:t', kv.id, 'Case 7 of the court']);

    assert.equal((await skip({ place: 'schedule', id: at('schedule').id, reason: 'It goes with the next version' })).status, 204);
    sql(s, 'drop trigger no_run; drop trigger no_member; drop trigger no_audit');
    await s.must('audit', 'erase-retry', String(e.id), '--as', 'boss');
    const done = await s.reaches('done');
    const left = done.left.find((l) => l.why === 'audit.left_skipped' && l.place === 'kv');
    assert.deepEqual([left.place, left.what, left.reason], ['kv', `kv:t ${kv.id}`, 'Case 7 of the court']);
    assert.ok(done.left.some((l) => l.place === 'elsewhere' && l.what === 'kv.value'), 'where the name is left is said');
    assert.equal(sql(s, "select count(*) from audit where instr(body, 'Hồng')"), '0');
    assert.equal((await s.must('audit', 'verify')).whole, true);
    assert.equal((await s.cli('audit', 'erase-retry', String(e.id), '--as', 'boss')).code, 1, 'nothing is waited for');
    await s.stop();
  });

  it('a row of the audit that is damaged is named, and what was tried to log in as her is gone', async () => {
    const s = await archive();
    await s.must('user', 'add', 'hoa.hong', '--person', 'hoa');
    const account = sql(s, "select id from account where name = 'hoa.hong'");
    await fill(s);
    await s.stop();
    sql(s, `insert into auth_attempt(who, failures, until, at) values('n:hoa.hong', 3, 0, 4102444800000), ('k:${account} a:127.0.0.1', 2, 0, 4102444800000), ('k:${account}0 a:127.0.0.1', 2, 0, 4102444800000)`);
    const row = sql(s, "select min(id) from audit where instr(body, 'Hồng')");
    sql(s, `update audit set body = cast(substr(body, 1, length(body) - 1) as blob) where id = ${row}`);
    await s.start();
    const e = await erase(s);
    const told = (await s.must('audit', 'erasures', '--as', 'boss')).find((x) => x.id === e.id).left.find((l) => l.why === 'audit.left_damaged');
    assert.equal(told.what, `row ${row}`);
    assert.match(told.says, /\.$/);
    assert.equal(sql(s, "select group_concat(who) from auth_attempt where who like 'n:hoa%' or who like 'k:%'"), `k:${account}0 a:127.0.0.1`);
    await s.stop();
  });

  it('an open run that will not end for years, and an erasure whose own row is damaged, can be left, too', async () => {
    const s = await archive({ persons: [{ code: 'other', name: 'Trần Văn Khác' }] }), made = await fill(s);
    await erase(s);
    const e = await s.reaches('waiting');
    await s.must('audit', 'erase-skip', String(e.id), '--place', 'runs', '--id', String(made.open), '--reason', 'Open until 2030 by law', '--as', 'boss');
    const done = await s.reaches('done');
    assert.ok(done.left.some((l) => l.why === 'audit.left_skipped' && l.what === `run ${made.open}`));
    assert.match(sql(s, `select title from flow_task where run = ${made.open}`), /Hồng Vân/);
    await s.must('audit', 'erase', '--person', 'other', '--reason', REASON, '--as', 'boss');
    await s.reaches('done');
    await s.stop();
    sql(s, `update audit_erasure set traces = x'ff', done_at = null, looked_at = null, place = null where id = ${e.id}`);
    await s.start();
    const all = () => s.must('audit', 'erasures', '--as', 'boss');
    const bad = await s.until1('it is told', async () => (await all()).find((x) => x.id === e.id && x.waits));
    assert.deepEqual([bad.waits[0].place, bad.waits[0].why], ['erasure', 'audit.row']);
    await s.must('audit', 'erase-skip', String(e.id), '--place', 'erasure', '--id', String(bad.waits[0].id), '--reason', 'Damaged', '--as', 'boss');
    await s.until1('it is closed', async () => (await all()).every((x) => x.state === 'done'));
    await s.stop();
  });
});
