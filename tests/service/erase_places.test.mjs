// A person is erased from all places, not from the audit alone: content, tables, runs, tasks, files, notices; what must stay, stays.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlite } from '../lib/khung.mjs';
import { archive, fill, MAIL, NAME, PHONE, REASON } from '../lib/personal.mjs';

const MARK = '█████';
const sql = (s, text) => sqlite(s.data, text);
const byPlace = (list) => Object.fromEntries(list.map((p) => [p.place, p]));
// Without the sentence that says what to do.
const bare = (waits) => waits.map(({ says, ...w }) => (assert.match(says, /^\S.*\.$/), w));
const sent = (s, method, path, body) => s.as('boss')(method, path, body);

describe('a person who stands everywhere', () => {
  let s, made, hashes, counted;
  before(async () => {
    s = await archive();
    made = await fill(s);
    hashes = sql(s, 'select group_concat(hash) from (select hash from revision order by id)');
  });
  after(() => s?.stop());

  it('is counted place by place before anything is done, with what it would wait for', async () => {
    const would = await s.must('audit', 'erase', '--person', 'hoa', '--dry-run', '--as', 'boss');
    const places = byPlace(would.places);
    assert.deepEqual(bare(would.waits), [{ place: 'runs', kind: 'run', id: made.open }]);
    assert.equal(places.tables.things, 5, JSON.stringify(would));
    assert.equal(places.tables.values, 2 * 3 + 3, 'name, telephone, birthday of two members; three remarks by her');
    assert.equal(places.runs.waits, 1);
    counted = places.runs;
    assert.equal(places.content.things, 2);
    assert.equal(places.content.kept, 4, 'title, body, telephone and witness of the published revision');
    assert.ok(places.notices.things >= 1 && places.files.things >= 1);
    assert.ok(!would.elsewhere.some((w) => /^(flow_|p_t__|notice|file$)/.test(w.table)), JSON.stringify(would.elsewhere));
    assert.match(sql(s, 'select name from p_t__member'), /Hồng Vân/, 'nothing was done');
    const all = await sent(s, 'GET', '/api/audit/erasures/preview?person=hoa&published=true');
    assert.equal(byPlace(all.json.places).content.kept, 0);
  });

  it('is erased where she may be, and the erasure waits for the run that is open', async () => {
    const e = await s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss');
    assert.equal(e.state, 'waiting', JSON.stringify(e));
    assert.deepEqual(bare(e.waits), [{ place: 'runs', kind: 'run', id: made.open }]);
    const places = byPlace(e.places);
    assert.ok(places.tables.values === 9 && places.content.kept === 4 && places.runs.things >= 4, JSON.stringify(places));
    assert.deepEqual([places.runs.things, places.runs.values], [counted.things, counted.values], 'as many as were counted beforehand');
    assert.equal((await s.must('audit', 'verify')).whole, true);
  });

  it('tables: declared columns are marks or empty, others and other people stay', () => {
    const rows = sql(s, 'select name, phone, born, town from p_t__member order by id').split('\n');
    assert.deepEqual(rows.filter((r) => r.startsWith('erased-') || r.startsWith(MARK)).length, 2);
    assert.ok(rows.includes('Trần Văn An|0900|3|Sầm Sơn'), rows.join());
    assert.equal(rows.filter((r) => /^(█████\|█████|(erased-\d+)\|\2)\|\|Sầm Sơn$/.test(r)).length, 2, 'a number that the name belonged to, and the birthday');
    assert.deepEqual([...new Set(sql(s, 'select remark, town from p_t__seen').split('\n'))], [`${MARK}|Sầm Sơn`]);
  });

  it('content: drafts lose personal fields in every revision, hashes still fit; what was published is kept', async () => {
    const item = (id) => sent(s, 'GET', `/api/content/story/${id}/draft`).then((r) => r.json);
    const draft = await item(made.draft);
    assert.deepEqual([draft.title, draft.body, draft.phone, draft.place], [MARK, MARK, MARK, 'Sầm Sơn']);
    assert.match(draft.slug, /^erased-/);
    assert.doesNotMatch(sql(s, `select group_concat(body) from revision where item = ${made.draft}`), /Hồng Vân|0912/);
    const published = (await s.request('GET', `/api/content/story/${made.published}`)).json;
    assert.equal(published.title, `Tặng ${NAME}`);
    assert.equal((await item(made.published)).title, MARK, 'a revision of it that was not');
    assert.equal(sql(s, 'select group_concat(hash) from (select hash from revision order by id)'), hashes);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
    sql(s, `drop trigger revision_immutable; update revision set body = replace(body, '"title":"${MARK}"', '"title":"Somebody"') where item = ${made.draft} and rev = 1`);
    await s.start();
    assert.match(JSON.stringify((await s.cli('verify')).json), new RegExp(`${made.draft}`), 'a value where one was erased is named');
    sql(s, `update revision set body = replace(body, '"title":"Somebody"', '"title":"${MARK}"') where item = ${made.draft} and rev = 1`);
    assert.deepEqual(await s.must('verify'), []);
  });

  it('runs and tasks that have ended: what names her and what she wrote goes; what was decided stays', async () => {
    const t = await s.must('task', 'show', made.task);
    assert.equal(t.title, MARK);
    const history = await s.must('task', 'history', made.task);
    assert.ok(history.some((l) => l.kind === 'comment' && l.text === MARK), JSON.stringify(history));
    const answer = (await s.flow(made.about)).result;
    assert.deepEqual([answer.decision, answer.comment, answer.by], ['approve', MARK, s.van], JSON.stringify(answer));
    assert.deepEqual((await s.flow(made.enter)).result, { entered: MARK, id: (await s.flow(made.enter)).result.id });
    assert.equal((await s.flow(made.other)).result.entered, 'Trần Văn An');
    for (const table of ['flow_journal', 'flow_run', 'flow_task', 'flow_task_log'])
      for (const run of [made.enter, made.about])
        assert.ok(!sql(s, `select hex(group_concat(${{ flow_journal: 'body', flow_run: 'coalesce(input, result)', flow_task: 'title || answer', flow_task_log: 'text' }[table]})) from ${table}
          where ${table === 'flow_run' ? 'id' : table === 'flow_task_log' ? `task in (select id from flow_task where run = ${run}) and run` : 'run'} = ${run}`.replace('and run = ' + run, '')).includes(Buffer.from(NAME).toString('hex').toUpperCase()), table);
  });

  it('runs are not found by her any more: neither by what they were started with nor by what they found out; by the rest, and by others, they are', async () => {
    const found = async (name, where) => (await s.must('flow', 'list', '--flow', `t.${name}`, '--where', JSON.stringify(where))).map((r) => r.id);
    for (const where of [{ name: NAME }, { name: `bà ${NAME}` }, { phone: PHONE }]) assert.deepEqual(await found('enter', where), [], JSON.stringify(where));
    assert.deepEqual(await found('enter', { name: 'Trần Văn An', phone: '0900' }), [made.other]);
    for (const where of [{ who: NAME }, { phone: PHONE }]) assert.deepEqual(await found('find', where), [], JSON.stringify(where));
    assert.deepEqual(await found('find', { town: 'Sầm Sơn' }), [made.find]);
    assert.deepEqual(await found('about', { who: NAME }), []);
    assert.deepEqual(await found('open', { who: NAME }), [made.open], 'an open one is waited for');
    assert.equal(sql(s, `select instr(checkpoint, '${NAME}') + instr(checkpoint, '${PHONE}') from flow_run where id = ${made.find}`), '0');
  });

  it('files: hers that hang on nothing are swept, and the paper of her answer', async () => {
    await s.until1('swept', () => sql(s, `select count(*) from file where id in (${made.loose}, ${made.paper})`) === '0');
  });

  it('notices and wishes of hers are gone', () => {
    assert.equal(sql(s, `select count(*) from notice where person = ${s.van}`), '0');
    assert.doesNotMatch(sql(s, 'select group_concat(title) from notice') || '-', /Đừng/);
  });

  it('when the open run ends all is looked at anew, and then it is done: no file of the database holds her any more', async () => {
    assert.equal(sql(s, `select title from flow_task where run = ${made.open}`), `Wait for ${NAME}`, 'what an open run asks stays as it is');
    await s.restart();
    assert.equal((await s.erasure()).state, 'waiting');
    const [task] = await s.open(made.open);
    assert.equal((await s.as('cuc')('POST', `/api/tasks/${task.id}/decide`, { decision: 'approve' })).status, 200);
    const e = await s.reaches('done');
    assert.ok(e.done_at && !e.waits, JSON.stringify(e));
    const whole = await s.must('audit', 'verify');
    assert.equal(whole.whole, true);
    assert.equal(whole.erased, e.values);
    assert.equal(sql(s, 'select count(*) from audit_erasure where traces is not null'), '0');
    // What was published is left, and nothing else: take that away, and no byte of her is there.
    const left = sql(s, `select count(*) from revision where item = ${made.published} and instr(body, '${NAME}')`);
    assert.equal(left, '1');
    for (const table of ['flow_run', 'flow_search', 'flow_turn', 'flow_journal', 'flow_task', 'flow_task_log', 'notice', 'outbox', 'p_t__member', 'p_t__seen', 'c_story_draft', 'item_log'])
      assert.ok(!sqlite(s.data, `.dump ${table}`).match(new RegExp(`Hồng Vân|${Buffer.from(NAME).toString('hex')}|${PHONE}`, 'i')), table);
    assert.deepEqual(await s.must('verify'), []);
  });

  it('each thing that lost values is told of, with its number and the reason', async () => {
    const told = (await s.must('audit', 'list', '--verb', 'audit.erase', '--limit', 1000, '--as', 'boss')).items;
    const kinds = new Set(told.map((e) => e.kind));
    for (const kind of ['person', 'run', 'item', 'table:t.member', 'table:t.seen', 'audit', 'file']) assert.ok(kinds.has(kind), `${kind}: ${[...kinds]}`);
    assert.ok(told.every((e) => e.reason === REASON && !JSON.stringify(e).includes(NAME)));
    const one = told.find((e) => e.kind === 'run' && e.id === made.about);
    assert.ok(one.after.values > 2 && one.after.erasure);
  });
});

describe('what was published', () => {
  it('goes, too, when that is asked for: text, address, index; and the whole database holds nothing of her', async () => {
    const s = await archive(), made = await fill(s);
    await s.must('flow', 'cancel', made.open);
    const cached = (await s.request('GET', `/api/content/story/${made.published}`)).headers.etag;
    assert.equal((await s.request('GET', `/api/content/story/${made.published}`, undefined, { 'if-none-match': cached })).status, 304);
    await s.must('audit', 'erase', '--person', 'hoa', '--published', '--reason', REASON, '--as', 'boss');
    const e = await s.reaches('done');
    assert.equal(e.published, true);
    const item = (await s.request('GET', `/api/content/story/${made.published}`)).json;
    assert.deepEqual([item.title, item.body, item.place], [MARK, MARK, 'Sầm Sơn']);
    assert.equal((await s.request('GET', `/api/content/story/${made.published}`, undefined, { 'if-none-match': cached })).status, 200, 'what a cache has is not taken for it');
    assert.deepEqual((await s.must('content', 'list', 'story', '--as', 'boss')).filter((i) => i.title !== MARK), []);
    assert.deepEqual(await s.must('verify'), []);
    for (const file of ['khung.db', 'khung.db-wal'])
      for (const text of [NAME, MAIL, PHONE, 'Hồng Vân', 'hong van', 'My knee hurts'])
        if (existsSync(join(s.data, file))) assert.ok(!readFileSync(join(s.data, file)).includes(Buffer.from(text)), `${text} in ${file}`);
    await s.stop();
  });
});

describe('a backup that was put back', () => {
  it('is erased again from the list of erasures that was kept elsewhere; those it knows of are skipped', async () => {
    const s = await archive();
    await s.must('flow', 'start', 't.enter', '--input', JSON.stringify({ name: NAME, phone: PHONE }));
    await s.stop();
    cpSync(s.data, join(s.dir, 'backup'), { recursive: true, filter: (f) => !f.endsWith('.sock') });
    await s.start();
    await s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss');
    const list = join(s.dir, 'erasures.json'), text = (await s.cli('audit', 'erasures', '--as', 'boss')).out;
    assert.doesNotMatch(text, /Hồng|hoa|example/, 'the list itself names nobody');
    writeFileSync(list, text);
    assert.deepEqual(await s.must('audit', 'erase', '--again', list, '--as', 'boss'), [{ person: s.van, skipped: true }]);
    await s.stop();
    rmSync(s.data, { recursive: true });
    renameSync(join(s.dir, 'backup'), s.data);
    await s.start();
    assert.match(sql(s, 'select name from person'), /Hồng Vân/);
    const [again] = await s.must('audit', 'erase', '--again', list, '--as', 'boss');
    assert.equal(again.person, s.van);
    const e = await s.reaches('done');
    assert.deepEqual([e.id, e.reason], [again.erasure, REASON]);
    assert.doesNotMatch(sql(s, 'select name from person union all select name from p_t__member'), /Hồng Vân/);
    writeFileSync(list, '{"no": "list"}');
    assert.equal((await s.cli('audit', 'erase', '--again', list, '--as', 'boss')).code, 1);
    await s.stop();
  });
});

describe('a number that is somebody else\'s after a backup was put back', () => {
  it('is not erased again: the list says by a digest whose it was; and all of a long list is read', async () => {
    const s = await archive();
    await s.stop();
    cpSync(s.data, join(s.dir, 'backup'), { recursive: true, filter: (f) => !f.endsWith('.sock') });
    await s.start();
    const add = async (code) => { await s.org({ persons: [{ code, name: `Nguyễn Văn ${code}` }] }); return (await s.must('org', 'persons')).find((p) => p.code === code).id; };
    const late = await add('late');
    for (const person of ['hoa', 'late']) await s.must('audit', 'erase', '--person', person, '--reason', REASON, '--as', 'boss');
    await s.until1('done', async () => (await s.must('audit', 'erasures', '--as', 'boss')).every((e) => e.state === 'done'));
    const kept = (await s.cli('audit', 'erasures', '--json', '--as', 'boss')).out, list = join(s.dir, 'erasures.json');
    assert.ok(JSON.parse(kept).every((e) => /^[0-9a-f]{64}$/.test(e.digest)));
    writeFileSync(list, kept);
    await s.stop();
    rmSync(s.data, { recursive: true });
    renameSync(join(s.dir, 'backup'), s.data);
    await s.start();
    assert.equal(await add('new'), late, 'the number is given anew');
    const again = await s.cli('audit', 'erase', '--again', list, '--as', 'boss');
    assert.equal(again.code, 1);
    assert.equal(again.json.find((r) => r.person === s.van).why, undefined);
    assert.deepEqual(again.json.find((r) => r.person === late), { person: late, why: 'people.erase_other' });
    assert.equal(sql(s, `select name from person where id = ${late}`), 'Nguyễn Văn new');
    assert.doesNotMatch(sql(s, `select name from person where id = ${s.van}`), /Hồng Vân/);
    const r = await s.as('boss')('POST', '/api/audit/erasures', { person: 'new', reason: REASON, digest: 'x' });
    assert.deepEqual([r.status, r.json.code], [409, 'people.erase_other']);
    writeFileSync(list, JSON.stringify([{ id: 1, person: late, reason: REASON }]));
    assert.deepEqual((await s.cli('audit', 'erase', '--again', list, '--as', 'boss')).json, [{ person: late, why: 'audit.again_number' }], 'a list from before there were digests');
    await s.reaches('done');
    await s.stop();
    // More than a page of erasures is known, and written.
    sql(s, `with recursive n(i) as (values(1) union all select i + 1 from n where i < 1200)
      insert into audit_erasure(id, person, at, reason, next, done_at, digest) select i, 100000 + i, 1, 'old', 0, 1, 'd' || i from n`);
    await s.start();
    const all = (await s.must('audit', 'erasures', '--as', 'boss'));
    assert.equal(all.length, 1201);
    writeFileSync(list, JSON.stringify(all));
    const done = (await s.must('audit', 'erase', '--again', list, '--as', 'boss'));
    assert.ok(done.length === 1201 && done.every((r) => r.skipped));
    await s.stop();
  });
});

describe('a declaration', () => {
  it('that says personal of a field that is not there is refused with its place', async () => {
    const s = await archive();
    for (const wrong of ['"nobody"', '7', '{}', '"n"', '("x"):rep(100000)'])
      for (const form of ['storage.table("row", { fields = F })', 'content.type("row", { fields = F })', 'flow.define("f", { input = F }, function() end)']) {
        writeFileSync(join(s.dir, 'plugins/t/init.lua'), form.replace('F', `{ n = "integer", a = { "text", personal = ${wrong} } }`));
        const r = await s.cli('plugin', 'reload', 't');
        assert.equal(r.code, 1, form + wrong);
        assert.match(r.out + r.err, /field a says that it is personal/, form + wrong + r.err + r.out);
      }
    await s.stop();
  });
});

describe('what waits in the outbox', () => {
  it('a mail to the person goes at once; one to another that names them is waited for until it has left or was dropped', async () => {
    const s = await archive({ config: { url: 'http://khung.example.org', mail_server: 'smtp://127.0.0.1:1', mail_tls: 'off', mail_from: 'khung@example.org' } });
    const start = (name) => s.must('flow', 'start', `t.${name}`, '--input', JSON.stringify({ who: NAME })).then((r) => r.id ?? r);
    const runs = [await start('about'), await start('open')];
    const mails = async () => (await s.must('outbox', 'list')).filter((m) => m.kind === 'mail').map((m) => m.to).sort();
    await s.until1('both are queued', async () => (await mails()).join() === `cuc@example.org,${MAIL}`);
    for (const run of runs) await s.must('flow', 'cancel', run);
    await s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss');
    const e = await s.reaches('waiting'), [left] = await s.must('outbox', 'list');
    assert.deepEqual(await mails(), ['cuc@example.org']);
    assert.deepEqual(bare(e.waits), [{ place: 'outbox', kind: 'outbox', id: left.id }]);
    await s.must('outbox', 'drop', left.id);
    await s.restart(); // it looks once a minute, and at the start
    await s.reaches('done');
    for (const file of ['khung.db', 'khung.db-wal'])
      for (const text of [NAME, MAIL]) if (existsSync(join(s.data, file))) assert.ok(!readFileSync(join(s.data, file)).includes(Buffer.from(text)), `${text} in ${file}`);
    await s.stop();
  });
});

describe('two people of one name', () => {
  const SOURCE = `
  local told = storage.table("told", { fields = { nominee = "person", name = { "text", personal = true }, story = { "text", personal = true } } })
  local paper = storage.table("paper", { fields = { nominee = "person", proposer = "person", name = { "text", personal = "nominee" }, story = { "text", personal = "name" } } })
  flow.define("twins", { title = "Twins" }, function()
    local one, two, name = person("hoa"), person("twin"), "${NAME}"
    told:insert { nominee = two, name = name, story = "of two" }
    told:insert { nominee = one, name = name, story = "of one" }
    told:insert { name = name, story = "of one by name" }
    paper:insert { nominee = two, proposer = one, name = name, story = "about two" }
    paper:insert { nominee = one, proposer = two, name = "H.", story = "about one" }
    return { decision = "editor", position = "editor", kept = { "editor" }, said = "for " .. name }
  end)`;
  it('keep what is theirs by their number; codes are found where persons stand alone; the dry run lists each row', async () => {
    const s = await archive({ source: SOURCE, persons: [{ code: 'twin', name: NAME, email: 'twin@example.org' }] });
    await s.must('user', 'add', 'editor', '--person', 'hoa');
    const run = (await s.must('flow', 'start', 't.twins')).id;
    await s.done(run);
    const before = sql(s, 'select id, name, story from p_t__told union all select id, name, story from p_t__paper').split('\n').map((r) => r.split('|'));
    const id = (story) => Number(before.find((r) => r[2] === story)[0]);
    const would = await s.must('audit', 'erase', '--person', 'hoa', '--dry-run', '--as', 'boss');
    const touched = would.touched.filter((t) => t.place === 'tables').map((t) => [t.kind, t.id, t.values]);
    assert.deepEqual(touched.toSorted(), [['table:t.paper', id('about one'), 2], ['table:t.told', id('of one'), 2], ['table:t.told', id('of one by name'), 2]].toSorted());
    assert.ok(would.touched.some((t) => t.kind === 'run' && t.id === run));
    assert.equal(byPlace(would.places).tables.kept, 4, "what bears the name and is another's");
    await s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss');
    await s.reaches('done');
    const rows = sql(s, 'select name, story from p_t__told union all select name, story from p_t__paper').split('\n').toSorted();
    assert.deepEqual(rows, [`${NAME}|about two`, `${NAME}|of two`, ...Array(3).fill(`${MARK}|${MARK}`)].toSorted());
    assert.deepEqual((await s.flow(run)).result, { decision: 'editor', position: 'editor', kept: ['editor'], said: MARK });
    assert.doesNotMatch(JSON.stringify(await s.must('audit', 'list', '--limit', 1000, '--kind', 'user', '--as', 'boss')), /editor/, 'where the audit says that it is a user it goes');
    assert.equal((await s.must('audit', 'verify')).whole, true);
    await s.stop();
  });

  it('with two fields of type person `true` does not say whose a field is', async () => {
    const s = await archive();
    for (const form of ['storage.table("row", { fields = F })', 'content.type("row", { fields = F })', 'flow.define("f", { input = F }, function() end)']) {
      writeFileSync(join(s.dir, 'plugins/t/init.lua'), form.replace('F', '{ one = "person", two = "person", a = { "text", personal = true } }'));
      const r = await s.cli('plugin', 'reload', 't');
      assert.equal(r.code, 1, form);
      assert.match(r.out + r.err, /field a is personal = true, but there are several/, form);
      const checked = await s.cli('check', 't', '--plugins', join(s.dir, 'plugins'));
      assert.equal(checked.code, 1, form + checked.out);
      assert.match(checked.out + checked.err, /personal_whose|several fields of type person/, form);
    }
    await s.stop();
  });
});

describe('what cannot be looked at', () => {
  it('tables and types that no plugin declares are waited for, listed, and looked at when they are declared again', async () => {
    const s = await archive(), made = await fill(s), folder = join(s.dir, 'plugins/t');
    await s.must('flow', 'cancel', made.open);
    await s.stop();
    renameSync(folder, join(s.dir, 'away'));
    await s.start();
    const missing = ['table:t.member', 'table:t.seen', 'type:story'];
    const would = await s.must('audit', 'erase', '--person', 'hoa', '--published', '--dry-run', '--as', 'boss');
    assert.deepEqual(would.waits.map((w) => w.kind).toSorted(), missing, JSON.stringify(would.waits));
    await s.must('audit', 'erase', '--person', 'hoa', '--published', '--reason', REASON, '--as', 'boss');
    const e = await s.reaches('waiting');
    assert.deepEqual(e.waits.map((w) => w.kind).toSorted(), missing);
    assert.ok(e.waits.every((w) => w.id > 0 && !w.why));
    assert.match(sql(s, 'select name from p_t__member'), /Hồng Vân/);
    await s.restart();
    assert.equal((await s.erasure()).state, 'waiting', 'what they are known by is kept');
    renameSync(join(s.dir, 'away'), folder);
    await s.must('plugin', 'reload', 't');
    await s.reaches('done');
    for (const table of ['p_t__member', 'p_t__seen', 'c_story_draft', 'c_story_pub', 'revision', 'audit'])
      assert.doesNotMatch(sqlite(s.data, `.dump ${table}`), new RegExp(`Hồng Vân|${Buffer.from(NAME).toString('hex')}`, 'i'), table);
    assert.equal((await s.must('audit', 'verify')).whole, true);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('a table that was dropped is waited for no more', async () => {
    const s = await archive();
    await s.done((await s.must('flow', 'start', 't.enter', '--input', JSON.stringify({ name: NAME, phone: PHONE }))).id);
    await s.stop();
    rmSync(join(s.dir, 'plugins/t'), { recursive: true });
    await s.start();
    await s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss');
    await s.reaches('waiting');
    await s.stop();
    sql(s, 'drop table p_t__member; delete from p_t__seen');
    await s.start();
    await s.reaches('done');
    await s.stop();
  });

  it('one item that is damaged is waited for with the reason; the rest of it and other erasures go on', async () => {
    const s = await archive({ persons: [{ code: 'other', name: 'Trần Văn Khác' }] }), made = await fill(s);
    await s.must('flow', 'cancel', made.open);
    const salt = sql(s, `select hex(salt) from revision where item = ${made.draft} and rev = 1`);
    await s.stop();
    const trigger = sql(s, "select sql from sqlite_master where name = 'revision_immutable'");
    sql(s, `drop trigger revision_immutable; update revision set salt = x'00' where item = ${made.draft} and rev = 1; ${trigger}`);
    await s.start();
    await s.must('audit', 'erase', '--person', 'hoa', '--published', '--reason', REASON, '--as', 'boss');
    const e = await s.reaches('waiting');
    assert.deepEqual(e.waits.map((w) => [w.place, w.kind, w.id]), [['content', 'item', made.draft]]);
    assert.match(e.waits[0].why, /^[a-z_]+\.[a-z_]+$/);
    assert.match(sql(s, `select group_concat(body) from revision where item = ${made.draft}`), /Hồng Vân/, 'all of it or nothing');
    assert.doesNotMatch(sql(s, `select group_concat(body) from revision where item = ${made.published}`), /Hồng Vân/);
    assert.doesNotMatch(sql(s, 'select group_concat(name) from p_t__member'), /Hồng Vân/);
    await s.must('audit', 'erase', '--person', 'other', '--reason', REASON, '--as', 'boss');
    await s.reaches('done');
    await s.stop();
    sql(s, `drop trigger revision_immutable; update revision set salt = x'${salt}' where item = ${made.draft} and rev = 1; ${trigger}`);
    await s.start();
    await s.until1('all are done', async () => (await s.must('audit', 'erasures', '--as', 'boss')).every((x) => x.state === 'done'));
    assert.doesNotMatch(sql(s, `select group_concat(body) from revision where item = ${made.draft}`), /Hồng Vân/);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('an erasure whose own row is damaged blocks no other', async () => {
    const s = await archive({ persons: [{ code: 'other', name: 'Trần Văn Khác' }] }), made = await fill(s);
    await s.must('audit', 'erase', '--person', 'hoa', '--reason', REASON, '--as', 'boss');
    await s.reaches('waiting');
    await s.stop();
    sql(s, `update audit_erasure set traces = x'ff'; delete from audit_erasure_wait; update flow_run set state = 4 where id = ${made.open}`);
    await s.start();
    const e = await s.until1('it is told', async () => { const x = await s.erasure(); return x.state === 'waiting' && x.waits?.[0].why && x; });
    assert.equal(e.waits[0].why, 'audit.row');
    await s.must('audit', 'erase', '--person', 'other', '--reason', REASON, '--as', 'boss');
    await s.reaches('done');
    await s.stop();
  });
});
