// run:vote: the five parameters, hot and cold; and that a secret ballot stays one.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { sqlite } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

const NINE = ['lan', 'mai', 'hoa', 'cuc', 'dao', 'tam', 'an', 'binh', 'chi'];
const voters = (names) => `{ ${names.map((n) => `person("${n}")`).join(', ')} }`;
const vote = (name, options, names = NINE) => flow(name, `return run:vote { voters = ${voters(names)}, title = "Motion ${name}", ${options} }`);
const sql = (s, text) => JSON.parse(sqlite(s.data, text, '-json') || '[]');

// Each of `said` { name: decision | undefined } votes; the others stay away.
async function hold(s, name, said, { n = NINE.length, restart = false } = {}) {
  const run = await s.startFlow(`t.${name}`);
  await s.open(run, n);
  let left = 0;
  for (const [who, decision] of Object.entries(said)) {
    const mine = (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
    const r = await s.as(who)('POST', `/api/tasks/${mine.id}/${decision.reason ? 'recuse' : 'decide'}`, decision.reason ? decision : { decision });
    assert.equal(r.status, 200, r.text);
    if (restart && ++left % 4 === 0) await s.restart();
  }
  return run;
}
const all = (k, yes = 'approve', no = 'reject', names = NINE) => Object.fromEntries(names.map((n, i) => [n, i < k ? yes : no]));

describe('thresholds', () => {
  it('7 of 9 fails 80 %, 8 of 9 passes; 8 of 9 fails 90 %; hot and cold', async () => {
    const s = await office([vote('eighty', 'threshold = "80%"'), vote('ninety', 'threshold = "90%"'),
      vote('secret', 'threshold = "80%", secret = true')].join('\n'));
    for (const [name, k, passed, restart] of [['eighty', 7, false], ['eighty', 8, true, true], ['ninety', 8, false], ['ninety', 9, true], ['secret', 7, false, true], ['secret', 8, true]]) {
      const r = (await s.done(await hold(s, name, all(k), { restart }))).result;
      assert.equal(r.passed, passed, `${k} of 9, ${name}`);
      assert.deepEqual(r.counts, { approve: k, reject: 9 - k, abstain: 0 });
      assert.equal(r.of, 9);
    }
    await s.stop();
  });
});

describe('quorum, denominator and absence', () => {
  it('count as the vote says', async () => {
    const five = ['lan', 'mai', 'hoa', 'cuc', 'dao'];
    const s = await office([
      vote('members', 'within = "1h", of = "members", absent = "written", threshold = "1/2", quorum = "1/2"', five),
      vote('present', 'within = "1h", of = "present", absent = "not_counted", threshold = ">1/2", quorum = 3', five),
      vote('against', 'within = "1h", of = "present", absent = "against", threshold = ">1/2", quorum = 1', five),
      vote('few', 'within = "1h", of = "present", threshold = ">1/2", quorum = "2/3"', five),
    ].join('\n'));
    const said = { lan: 'approve', mai: 'approve', hoa: 'reject' };
    const runs = {};
    for (const name of ['members', 'present', 'against', 'few']) runs[name] = await hold(s, name, said, { n: 5 });
    await s.later(2);
    const r = {};
    for (const name of Object.keys(runs)) r[name] = (await s.done(runs[name])).result;
    assert.deepEqual([r.members.passed, r.members.of, r.members.absent.length, r.members.timed_out], [false, 5, 2, true]); // 2 of 5
    assert.deepEqual([r.present.passed, r.present.of], [true, 3]); // 2 of 3
    assert.deepEqual([r.against.passed, r.against.of], [false, 5]);
    assert.deepEqual([r.few.passed, r.few.quorum], [false, false]); // 3 of 5 is no 2/3
    await s.stop();
  });

  it('those who are not in the hall are absent, unless they may write', async () => {
    const five = ['lan', 'mai', 'hoa', 'cuc', 'dao'];
    const s = await office([
      vote('hall', `present = ${voters(['lan', 'mai', 'hoa'])}, absent = "against", threshold = "3/5", quorum = "1/2"`, five),
      vote('paper', `present = ${voters(['lan'])}, absent = "written", threshold = "3/5", quorum = "1/2"`, five),
    ].join('\n'));
    const r = (await s.done(await hold(s, 'hall', { lan: 'approve', mai: 'approve', hoa: 'approve' }, { n: 3 }))).result;
    assert.deepEqual([r.passed, r.of, r.absent.length], [true, 5, 2]);
    const run = await s.startFlow('t.paper');
    await s.open(run, 5);
    await s.must('flow', 'cancel', run);
    await s.stop();
  });
});

describe('members', () => {
  it('vote once; may change an open vote where it says so; take no part for a reason', async () => {
    const three = ['lan', 'mai', 'hoa'];
    const s = await office([vote('plain', 'threshold = ">1/2"', three), vote('change', 'change = true', three), vote('secret', 'secret = true', three)].join('\n'));
    for (const name of ['plain', 'change', 'secret']) {
      const run = await hold(s, name, { lan: 'reject' }, { n: 3 });
      const [mine] = sql(s, `select t.id from flow_task t where t.run = ${run} and t.state = 1`);
      const again = await s.as('lan')('POST', `/api/tasks/${mine.id}/decide`, { decision: 'approve' });
      assert.equal(again.status, name === 'change' ? 200 : 409, again.text);
      if (name !== 'change') assert.equal(again.json.code, 'vote.twice');
      const other = (await s.as('mai')('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
      assert.equal((await s.as('hoa')('POST', `/api/tasks/${other.id}/decide`, { decision: 'approve' })).status, 403);
      assert.equal((await s.as('mai')('POST', `/api/tasks/${other.id}/recuse`, {})).status, 422);
      assert.equal((await s.as('mai')('POST', `/api/tasks/${other.id}/delegate`, { person: 'dao' })).json.code, 'task.why_ballot');
      assert.equal((await s.as('mai')('POST', `/api/tasks/${other.id}/recuse`, { reason: 'my own *case*' })).status, 200);
      await s.restart();
      const last = (await s.as('hoa')('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
      assert.equal((await s.as('hoa')('POST', `/api/tasks/${last.id}/decide`, { decision: 'approve' })).status, 200);
      const r = (await s.done(run)).result;
      assert.deepEqual([r.members, r.of, r.recused[0].reason], [2, 2, 'my own *case*']);
      assert.equal(r.passed, name === 'change');
      assert.match(r.minutes, /my own \\\*case\\\*/);
    }
    await s.stop();
  });

  it('may abstain: present, and for neither side; of several options one may win', async () => {
    const s = await office([vote('abstain', 'of = "present", threshold = ">1/2"', ['lan', 'mai', 'hoa', 'cuc']),
      vote('choose', 'options = { "red", "green", "blue" }, threshold = "1/2", abstain = false', ['lan', 'mai', 'hoa', 'cuc'])].join('\n'));
    const r = (await s.done(await hold(s, 'abstain', { lan: 'approve', mai: 'approve', hoa: 'abstain', cuc: 'abstain' }, { n: 4 }))).result;
    assert.deepEqual([r.passed, r.counts.abstain, r.of], [false, 2, 4]);
    const c = (await s.done(await hold(s, 'choose', { lan: 'green', mai: 'green', hoa: 'blue', cuc: 'red' }, { n: 4 }))).result;
    assert.deepEqual([c.passed, c.choice], [true, 'green']);
    const tie = (await s.done(await hold(s, 'choose', { lan: 'green', mai: 'green', hoa: 'blue', cuc: 'blue' }, { n: 4 }))).result;
    assert.deepEqual([tie.passed, tie.choice], [false, undefined]);
    await s.stop();
  });
});

describe('a vote that comes to nothing', () => {
  it('of which all take no part, or too few come, or as many are for it as against it, does not pass; who is against says where it goes', async () => {
    const four = ['lan', 'mai', 'hoa', 'cuc'];
    const s = await office([vote('own', 'threshold = "1/2"', ['lan', 'mai']), vote('tie', 'threshold = ">1/2", returns = { "author", "form", "law" }', four),
      vote('few', 'within = "1h", quorum = 3, threshold = ">1/2", of = "present"', four)].join('\n'));
    const own = (await s.done(await hold(s, 'own', { lan: { reason: 'kin' }, mai: { reason: 'kin' } }, { n: 2, restart: true }))).result;
    assert.deepEqual([own.passed, own.quorum, own.of, own.members, own.recused.length, own.choice], [false, false, 0, 0, 2, undefined]);
    assert.match(own.minutes, /Không tham gia biểu quyết: Lan. Lý do: kin/);
    const few = await hold(s, 'few', { lan: 'approve', mai: 'approve' }, { n: 4 });
    const run = await s.startFlow('t.tie');
    await s.open(run, 4);
    for (const [who, answer] of [['lan', { decision: 'approve', return_to: 'law' }], ['mai', { decision: 'reject', return_to: 'law' }], ['hoa', { decision: 'reject', return_to: 'form' }], ['cuc', { decision: 'approve' }]]) {
      const mine = (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
      assert.equal((await s.as(who)('POST', `/api/tasks/${mine.id}/decide`, { ...answer, return_to: 'nowhere' })).status, 422);
      assert.equal((await s.as(who)('POST', `/api/tasks/${mine.id}/decide`, answer)).status, 200);
      await s.restart();
    }
    const tie = (await s.done(run)).result;
    assert.deepEqual([tie.passed, tie.quorum, tie.choice, tie.return_to, tie.returns], [false, true, undefined, 'form', { author: 0, form: 1, law: 1 }]);
    assert.match(tie.minutes, /Chuyển lại form: 1\n {2}- Chuyển lại law: 1/);
    await s.later(2);
    const short = (await s.done(few)).result;
    assert.deepEqual([short.passed, short.quorum, short.timed_out, short.counts.approve], [false, false, true, 2]);
    await s.stop();
  });
});

describe('minutes', () => {
  it('say in both languages who was there, what was said and what came of it', async () => {
    const three = ['lan', 'mai', 'hoa'];
    const s = await office([vote('vi', 'within = "1h", lang = "vi", threshold = "1/2"', three), vote('en', 'within = "1h", lang = "en", secret = true, threshold = "1/2"', three)].join('\n'));
    const vi = await hold(s, 'vi', { lan: 'approve', mai: 'approve' }, { n: 3 }), en = await hold(s, 'en', { lan: 'approve', mai: 'reject' }, { n: 3 });
    await s.later(2);
    const a = (await s.done(vi)).result.minutes, b = (await s.done(en)).result.minutes;
    assert.match(a, /^# Biên bản biểu quyết: Motion vi\n/);
    assert.match(a, /- tán thành: 2\n- không tán thành: 0\n[^]*Lan: tán thành/);
    assert.match(a, /Vắng mặt: 1\n {2}- Hoa/);
    assert.match(a, /\*\*Được thông qua\.\*\*/);
    assert.match(b, /Absent: 1\n {2}- Hoa/);
    assert.match(b, /The vote was secret/);
    assert.doesNotMatch(b, /Lan|Mai/);
    assert.match(b, /\*\*Not passed\.\*\*/); // 1 of 3
    await s.stop();
  });
});

describe('a secret ballot', () => {
  it('can be tied to nobody by who reads the database, before the close or after it', async () => {
    const s = await office(vote('secret', 'secret = true, within = "1d", options = { "approveaaaa", "rejectbbbb" }'));
    const run = await hold(s, 'secret', Object.fromEntries(NINE.slice(0, 8).map((n, i) => [n, i % 2 ? 'approveaaaa' : 'rejectbbbb'])));
    // The count alone is there, sealed: no ballots, in no order (vote_file.test.mjs).
    assert.deepEqual(Object.keys(sql(s, 'select * from flow_vote_count')[0]).sort(), ['entry', 'key', 'run', 'sealed']);
    const voted = sql(s, `select decided_by, decided_at, hex(answer) answer from flow_task where run = ${run} and state = 1`);
    assert.ok(voted.every((v) => v.decided_at === null && v.decided_by));
    assert.equal(new Set(voted.map((v) => v.answer.length)).size, 1);
    assert.equal(sql(s, 'select * from flow_task_log').length, 0);
    const keys = () => readdirSync(s.data).filter((f) => f.startsWith('vote-'));
    assert.equal(keys().length, 1);
    // Neither choice stands anywhere in the files in connection with a vote: the declared form holds both as often as there are ballots.
    const whole = () => ['khung.db', 'khung.db-wal'].filter((f) => existsSync(join(s.data, f))).map((f) => readFileSync(join(s.data, f), 'latin1')).join('');
    const count = (text, word) => text.split(word).length - 1;
    const before = whole();
    assert.equal(count(before, 'approveaaaa'), count(before, 'rejectbbbb'));
    await s.restart();
    const last = (await s.as('chi')('GET', '/api/inbox')).json.tasks[0];
    assert.equal((await s.as('chi')('POST', `/api/tasks/${last.id}/decide`, { decision: 'approveaaaa' })).status, 200);
    const r = (await s.done(run)).result;
    assert.deepEqual(r.counts, { approveaaaa: 5, rejectbbbb: 4, abstain: 0 });
    assert.equal(r.votes, undefined);
    assert.deepEqual(keys(), []);
    assert.equal(sql(s, 'select * from flow_vote_count').length + sql(s, 'select * from flow_vote').length, 0);
    const tasks = (await s.must('task', 'show', last.id));
    assert.equal(tasks.answer.decision, undefined);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('that cannot be opened any more fails plainly, and a cancelled one leaves no key', async () => {
    const s = await office([vote('secret', 'secret = true', ['lan', 'mai']), flow('caught', `
  local ok, e = pcall(function() return run:vote { voters = ${voters(['lan', 'mai'])}, title = "x", secret = true } end)
  return { ok = ok, code = e.code }`)].join('\n'));
    const run = await hold(s, 'caught', { lan: 'approve' }, { n: 2 });
    execFileSync('rm', readdirSync(s.data).filter((f) => f.startsWith('vote-')).map((f) => join(s.data, f)));
    const last = (await s.as('mai')('GET', '/api/inbox')).json.tasks[0];
    await s.as('mai')('POST', `/api/tasks/${last.id}/decide`, { decision: 'approve' });
    assert.deepEqual((await s.done(run)).result, { ok: false, code: 'vote.key_lost' });
    const other = await hold(s, 'secret', { lan: 'approve' }, { n: 2 });
    assert.equal(readdirSync(s.data).filter((f) => f.startsWith('vote-')).length, 1);
    await s.must('flow', 'cancel', other);
    assert.equal(readdirSync(s.data).filter((f) => f.startsWith('vote-')).length, 0);
    await s.stop();
  });
});

describe('a text', () => {
  it('that is changed ends the vote on it; the outcome of a whole one is of that text', async () => {
    const s = await office(flow('motion', `
  local note = content.get("note", content.create("note", { title = "One" }).id)
  run:note(tostring(note.id))
  local first = run:vote { voters = ${voters(['lan', 'mai'])}, title = "Text", about = note, secret = true }
  local again = content.get("note", note.id)
  local second = run:vote { voters = ${voters(['lan', 'mai'])}, title = "Text again", about = again }
  content.submit(again)
  content.approve(again, { by = second })
  return { first = first, second = second, hash = again.hash, id = note.id }`));
    const run = await s.startFlow('t.motion');
    await s.open(run, 2);
    const mine = (await s.as('lan')('GET', '/api/inbox')).json.tasks[0];
    assert.equal((await s.as('lan')('POST', '/api/tasks/decide', { tasks: [mine.id], answer: { decision: 'approve' } })).json[0].done, true);
    await s.done(await s.startFlow('t.edit_note', { id: mine.about, fields: { title: 'Two' } }));
    await s.until1('it is asked again', async () => (await s.must('task', 'list')).some((t) => t.title === 'Text again'));
    for (const who of ['lan', 'mai']) {
      const t = (await s.as(who)('GET', '/api/inbox')).json.tasks[0];
      assert.deepEqual(t.changed.map((c) => c.after), ['Two']);
      await s.as(who)('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' });
    }
    const end = await s.done(run);
    assert.equal(end.state, 'completed', JSON.stringify(end));
    assert.deepEqual([end.result.first.voided, end.result.first.passed, end.result.first.changed.length], [true, false, 1]);
    assert.deepEqual([end.result.second.passed, end.result.second.hash], [true, end.result.hash]);
    await s.stop();
  });
});

describe('a part of a text', () => {
  it('is voted on: an edit of another leaves the ballots, one of this is the end of them', async () => {
    const s = await office(flow('motion', `
  local note = content.get("note", content.create("note", { title = "One", body = "Words" }).id)
  run:note(tostring(note.id))
  local said = {}
  for n = 1, 3 do
    said[n] = run:vote { voters = ${voters(['lan', 'mai', 'hoa'])}, title = "Part " .. n, about = content.get("note", note.id), part = { "title" }, secret = true }
  end
  local now = content.get("note", note.id)
  return { said = said, hash = now.hash }`));
    const run = await s.startFlow('t.motion');
    await s.open(run, 3);
    const vote = async (who, n) => {
      const t = await s.until1(`${who} is asked for part ${n}`, async () => (await s.as(who)('GET', '/api/inbox')).json.tasks.find((x) => x.run === run && x.title === `Part ${n}`));
      const r = await s.as(who)('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' });
      assert.equal(r.status, 200, r.text);
      return t;
    };
    const edit = async (id, fields) => s.done(await s.startFlow('t.edit_note', { id, fields }));
    const { about } = await vote('lan', 1);
    await edit(about, { body: 'Other words' });
    await vote('mai', 1);
    await s.restart();
    await vote('hoa', 1);
    await vote('lan', 2);
    await edit(about, { title: 'Two' });
    for (const who of ['lan', 'mai', 'hoa']) await vote(who, 3);
    const end = await s.done(run);
    assert.equal(end.state, 'completed', JSON.stringify(end));
    assert.deepEqual(end.result.said.map((x) => [x.passed, x.voided ?? false, x.hash === end.result.hash]), [[true, false, false], [false, true, false], [true, false, true]]);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });
});

describe('what is refused', () => {
  it('shares, options and voters that are none', async () => {
    const bad = { share: 'threshold = "120%"', zero: 'quorum = 0', one: 'options = { "a" }', comma: 'options = { "a,b", "c" }', twice: `voters = ${voters(['lan', 'lan'])}`, empty: 'voters = {}', word: 'of = "all"', both: 'secret = true, change = true', body: 'body = "board"',
      back: 'returns = { "a", "a" }', several: 'options = { "a", "b", "c" }, returns = { "x" }', part: 'part = { "title" }' };
    const s = await office(Object.entries(bad).map(([name, o]) => flow(name, `
  local ok, e = pcall(function() return run:vote { title = "x", ${o.startsWith('voters') ? '' : `voters = ${voters(['lan'])},`} ${o} } end)
  return e.code`)).join('\n'));
    const codes = {};
    for (const name of Object.keys(bad)) codes[name] = (await s.done(await s.startFlow(`t.${name}`))).result;
    assert.deepEqual(codes, { share: 'vote.share', zero: 'vote.share', one: 'vote.options', comma: 'vote.options', twice: 'vote.voters', empty: 'vote.voters', word: 'vote.word', both: 'vote.secret_change', body: 'people.no_body',
      back: 'vote.returns', several: 'vote.returns', part: 'task.part' });
    await s.stop();
  });
});
