// Tasks over REST and the command line: who may do what with one and why, and what happens when two do it at once.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { day } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

let s, lan, mai, hoa, cuc, dao;
const SOURCE = [
  'content.type("paper", { fields = { title = "text!" }, title = "title", unit = true, approval = true })',
  flow('ask', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "North?" }'),
  flow('two', 'return run:ask { to = { { position = "clerk", unit = unit("north") }, person("dao") }, title = "Either?" }'),
  flow('role', 'return run:ask { to = { role = "reviewer", unit = unit("north") }, title = "Review" }'),
  flow('form', `return run:ask { to = person("hoa"), title = "Form", form = {
    decision = { type = "choice:approve,return!", title = { vi = "Quyết định", en = "Decision" }, order = 1, titles = { approve = { vi = "Duyệt", en = "Approve" } } },
    amount = { type = "integer!", title = { vi = "Số tiền", en = "Amount" }, help = { vi = "Bằng đồng", en = "In dong" }, min = 1, order = 2 },
  } }`),
  flow('weird', `return run:ask { to = person("tam"), title = "<i>", help = "</p>", form = {
    decision = { type = "choice:approve,return,<b>!", title = { vi = 7, en = { "x" } }, help = {}, order = "first", titles = { approve = {}, ["return"] = 5, none = "x" } },
    a = { "integer", title = "\\"><script>", help = { xx = "<script>" }, default = 0 / 0, min = {}, max = "x", order = 1 << 62 },
    b = { type = "list:text", order = -1 }, c = { type = "json" } } }`),
  flow('ids', 'return run:ask { to = person("hoa"), title = "Ids", form = { decision = "choice:approve,return!", whom = "person", place = "unit", team = "list:person", score = { "integer", default = 5 }, level = { "integer!", default = 3 } } }'),
  flow('one', 'return run:ask { to = person("hoa"), title = "One", about = content.get("paper", input.id) }').replace('title = "one" }', 'title = "one", input = { id = "integer!" } }'),
  flow('late', 'return run:ask { to = person("hoa"), title = "Late", within = "4h", remind = "2h before", escalate = person("dao"), on_timeout = "escalate" }'),
  flow('crowd', 'local asks = {} for i = 1, 32 do asks[i] = { to = { { position = "clerk", unit = unit("north") }, person("dao") }, title = "T" .. i } end return run:ask_all(asks)'),
  flow('reserved', 'return run:ask { to = person("hoa"), title = "x", form = { decision = "text", by = "integer" } }'),
  flow('due', 'return run:ask { to = person("hoa"), title = "Due " .. input.n, within = input.n .. "h" }').replace('title = "due" }', 'title = "due", input = { n = "integer!" } }'),
  flow('term', 'return run:ask { to = person("hoa"), title = "Term", within = "5 working days", remind = "1 working days before" }'),
  flow('read', `local note = content.get("note", input.id)
  return run:ask_all({ { to = person("hoa"), title = "Hoa reads", about = note, within = "2h" }, { to = { position = "clerk", unit = unit("south") }, title = "Cuc reads", about = note, within = "1h" } })`)
    .replace('title = "read" }', 'title = "read", input = { id = "integer!" } }'),
].join('\n');

before(async () => {
  s = await office(SOURCE);
  [lan, mai, hoa, cuc, dao] = ['lan', 'mai', 'hoa', 'cuc', 'dao'].map((n) => s.as(n));
});
after(() => s.stop());

const begin = async (name, n = 1, input = {}) => {
  const run = await s.startFlow(`t.${name}`, input);
  const tasks = await s.open(run, n);
  return { run, id: tasks[0].id, tasks };
};
const answer = async (run) => (await s.done(run)).result;
const ok = (r, status = 200) => assert.equal(r.status, status, r.text);
const refused = (r, status, code) => {
  assert.equal(r.status, status, r.text);
  assert.equal(r.json.code, code);
};

describe('an answer', () => {
  it('names persons and units that there are, and has no default where none was meant', async () => {
    let t = await begin('ids');
    for (const [more, field] of [[{ whom: 999 }, 'whom'], [{ place: 0 }, 'place'], [{ team: [1, 999] }, 'team'], [{ whom: -1 }, 'whom']]) {
      const r = await hoa('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve', ...more });
      refused(r, 422, 'task.no_code');
      assert.deepEqual(r.json.errors.map((e) => e.field), [field], r.text);
    }
    ok(await hoa('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve', whom: 'hoa', place: 'north', team: ['hoa', 1], score: null }));
    const a = await answer(t.run);
    assert.deepEqual([typeof a.whom, typeof a.place, a.team.length, a.score, a.level], ['number', 'number', 2, undefined, 3]);
    t = await begin('ids');
    refused(await hoa('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve', level: null }), 422, 'invalid.required');
    ok(await hoa('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }));
    assert.equal((await answer(t.run)).score, 5);
  });
});

describe('the tasks about one text', () => {
  it('are those that one may decide; all of them for those who may read all', async () => {
    const note = (await s.done(await s.startFlow('t.write_note'))).result, other = (await s.done(await s.startFlow('t.write_note'))).result;
    for (const id of [note, other]) await s.open(await s.startFlow('t.read', { id }), 2);
    const titles = async (who, more = '') => (await who('GET', `/api/tasks?about=${note}${more}`)).json.map((t) => t.title);
    assert.deepEqual(await titles(hoa), ['Hoa reads']);
    assert.deepEqual(await titles(cuc), ['Cuc reads']);
    assert.deepEqual(await titles(dao), []);
    assert.deepEqual((await titles(lan, '&all=true')).sort(), ['Cuc reads', 'Hoa reads']);
    assert.deepEqual(await titles(lan, '&all=true&sort=due'), ['Cuc reads', 'Hoa reads']);
    assert.deepEqual(await titles(hoa, '&undated=true'), []);
    assert.equal((await hoa('GET', '/api/tasks?about=1')).json.length, 0);
    const first = await lan('GET', `/api/tasks?about=${note}&all=true&limit=1`), after = /after=([^>]+)>/.exec(first.headers.link)[1];
    assert.deepEqual([...first.json.map((t) => t.title), ...(await titles(lan, `&all=true&limit=1&after=${after}`))].sort(), ['Cuc reads', 'Hoa reads']);
  });
});

describe('what one may do', () => {
  it('is told with its reason, in the reader\'s language', async () => {
    const { id, run } = await begin('ask');
    const mine = (await hoa('GET', `/api/tasks/${id}`, undefined, { 'accept-language': 'en' })).json;
    assert.equal(mine.may_decide, true);
    assert.equal(mine.may_claim, true);
    assert.equal(mine.may_reassign, false);
    assert.ok(mine.why.decide && mine.why.reassign);
    const vi = (await hoa('GET', `/api/tasks/${id}`, undefined, { 'accept-language': 'vi' })).json;
    assert.deepEqual([vi.why.decide, mine.why.decide], ['Đang giữ chức vụ Clerk Xã Bắc.', 'Holds the position: Clerk of Xã Bắc.']);
    const boss = (await lan('GET', `/api/tasks/${id}`)).json;
    assert.equal(boss.may_decide, false);
    assert.equal(boss.may_reassign, true);
    assert.equal((await cuc('GET', `/api/tasks/${id}`)).status, 403);
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
    const over = (await hoa('GET', `/api/tasks/${id}`)).json;
    assert.equal(over.may_decide, false);
    assert.equal((await answer(run)).decision, 'approve');
  });
});

describe('what one may do', () => {
  it('is what is done: each flag of everybody, in each state, is the answer to doing it', async () => {
    const acts = { decide: { decision: 'approve', comment: 'not the same' }, claim: {}, release: {}, delegate: { person: 'an' }, reassign: { to: { person: 'an' }, reason: 'x' }, hand_back: {}, comments: { text: 'x' }, recuse: { reason: 'x' } };
    const states = { open: async () => {}, claimed: async (id) => ok(await dao('POST', `/api/tasks/${id}/claim`)), handed: async (id) => ok(await dao('POST', `/api/tasks/${id}/delegate`, { person: 'cuc' })), decided: async (id) => ok(await dao('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })) };
    for (const [state, make] of Object.entries(states)) {
      const { run, tasks } = await begin('crowd', 32);
      const trial = async (what, who, id) => {
        await make(id);
        const shown = await s.as(who)('GET', `/api/tasks/${id}`), flag = what === 'comments' ? 'comment' : what;
        if (shown.status !== 200) return;
        assert.ok(shown.json.why[flag], `${state} ${what} ${who}: no reason`);
        if (what === 'release' && !shown.json.claimed_by) return; // there is nothing to let go of: no harm
        const r = await s.as(who)('POST', `/api/tasks/${id}/${what}`, acts[what]);
        assert.equal(r.status === 200, shown.json[`may_${flag}`], `${state} ${what} ${who}: ${r.text} ${JSON.stringify(shown.json.why)}`);
      };
      await Promise.all(Object.keys(acts).flatMap((what, i) => ['hoa', 'dao', 'cuc', 'lan'].map((who, k) => trial(what, who, tasks[4 * i + k].id))));
      if (state !== 'decided') await s.must('flow', 'cancel', run);
    }
  });
});

describe('claim', () => {
  it('keeps others off until it is let go', async () => {
    const { id, run } = await begin('two');
    ok(await dao('POST', `/api/tasks/${id}/claim`, { until: '1h' }));
    const seen = (await hoa('GET', `/api/tasks/${id}`)).json;
    assert.equal(seen.may_decide, false);
    assert.match(seen.why.decide, /Dao/);
    refused(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }), 409, 'task.claimed');
    refused(await hoa('POST', `/api/tasks/${id}/claim`), 409, 'task.claimed');
    assert.equal((await hoa('POST', `/api/tasks/${id}/release`)).status, 403);
    ok(await dao('POST', `/api/tasks/${id}/release`));
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'return' }));
    assert.equal((await answer(run)).decision, 'return');
  });

  it('ends by itself', async () => {
    const { id } = await begin('two');
    ok(await dao('POST', `/api/tasks/${id}/claim`, { until: '100ms' }).then((r) => (r.status === 422 ? dao('POST', `/api/tasks/${id}/claim`, { until: '1s' }) : r)));
    await s.until1('the claim ends', async () => (await hoa('GET', `/api/tasks/${id}`)).json.may_decide);
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
  });

  it('is not for those who may not decide, nor for ever', async () => {
    const { id } = await begin('two');
    assert.equal((await cuc('POST', `/api/tasks/${id}/claim`)).status, 403);
    refused(await dao('POST', `/api/tasks/${id}/claim`, { until: '90d' }), 422, 'task.claim_until');
  });
});

describe('reassign, delegate, hand back', () => {
  it('reassign needs the right and a reason; who had it has it no more; hand back restores', async () => {
    const { id, run } = await begin('ask');
    assert.equal((await hoa('POST', `/api/tasks/${id}/reassign`, { to: { person: 'dao' }, reason: 'ill' })).status, 403);
    assert.equal((await lan('POST', `/api/tasks/${id}/reassign`, { to: { person: 'dao' } })).status, 422);
    refused(await lan('POST', `/api/tasks/${id}/reassign`, { to: { position: 'clerk', unit: 'province' }, reason: 'x' }), 409, 'task.nobody');
    ok(await lan('POST', `/api/tasks/${id}/reassign`, { to: { person: 'dao' }, reason: 'Hoa is ill' }));
    assert.equal((await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    assert.equal((await dao('GET', `/api/tasks/${id}`)).json.may_hand_back, true);
    ok(await dao('POST', `/api/tasks/${id}/hand_back`, { reason: 'not mine' }));
    assert.equal((await dao('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
    assert.equal((await answer(run)).by, (await answer(run)).by);
    const kinds = (await lan('GET', `/api/tasks/${id}/history`)).json.map((l) => l.kind);
    assert.deepEqual(kinds, ['reassigned', 'handed_back']);
  });

  it('a delegate decides for the other, cannot pass it on, and gives it back', async () => {
    const { id, run } = await begin('ask');
    ok(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 'dao' }));
    refused(await dao('POST', `/api/tasks/${id}/delegate`, { person: 'cuc' }), 409, 'task.why_passed_on');
    assert.equal((await dao('GET', `/api/tasks/${id}`)).json.may_delegate, false);
    ok(await dao('POST', `/api/tasks/${id}/hand_back`));
    assert.equal((await dao('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    ok(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 'dao', reason: 'leave' }));
    refused(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 'dao' }), 409, 'task.has_it');
    ok(await dao('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
    const a = await answer(run);
    assert.ok(a.on_behalf_of && a.by && a.on_behalf_of !== a.by);
    assert.equal(a.as, 'clerk');
  });

  it('to several, by their codes; a blank reason is none, and so is a blank remark', async () => {
    const { id } = await begin('ask');
    refused(await lan('POST', `/api/tasks/${id}/reassign`, { to: { person: 'dao' }, reason: ' \n' }), 422, 'task.text');
    refused(await hoa('POST', `/api/tasks/${id}/comments`, { text: ' \t ' }), 422, 'task.text');
    for (const to of [[], {}, [{}], ['dao'], [{ person: 'dao' }, { person: 'nobody' }], [[{ person: 'dao' }]]]) assert.ok([404, 422].includes((await lan('POST', `/api/tasks/${id}/reassign`, { to, reason: 'x' })).status), JSON.stringify(to));
    ok(await lan('POST', `/api/tasks/${id}/reassign`, { to: [{ person: 'dao' }, { position: 'clerk', unit: 'south' }], reason: 'both' }));
    assert.deepEqual([(await dao('GET', `/api/tasks/${id}`)).json.may_decide, (await cuc('GET', `/api/tasks/${id}`)).json.may_decide], [true, true]);
    ok(await cuc('POST', `/api/tasks/${id}/decide`, { decision: 'approve', hash: null }));
  });

  it('is handed on with the claim, to somebody there is, who has not written the text', async () => {
    const { id, run } = await begin('ask');
    ok(await hoa('POST', `/api/tasks/${id}/claim`));
    refused(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 99999 }), 409, 'task.nobody');
    refused(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 'hoa' }), 422, 'people.delegate_self');
    ok(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 'dao' }));
    assert.deepEqual(Object.entries((await dao('GET', `/api/tasks/${id}`)).json).filter(([k]) => k.startsWith('may_') || k === 'claimed_by'), [['may_decide', true], ['may_claim', true], ['may_delegate', false], ['may_reassign', false], ['may_release', false], ['may_hand_back', true], ['may_comment', true], ['may_recuse', false]]);
    ok(await dao('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
    await answer(run);
    const note = (await lan('POST', '/api/content/paper', { title: 'By Lan', unit: 1 })).json.id, about = await begin('one', 1, { id: note });
    refused(await hoa('POST', `/api/tasks/${about.id}/delegate`, { person: 'lan' }), 409, 'task.delegate_author');
    refused(await lan('POST', `/api/tasks/${about.id}/reassign`, { to: { person: 'lan' }, reason: 'mine' }), 409, 'task.nobody');
    assert.deepEqual((await hoa('GET', `/api/tasks/${about.id}`)).json.to.length, 1);
  });

  it('a claim keeps nobody off when who has it may not decide any more', async () => {
    const { id } = await begin('ask');
    await s.org({ holders: [{ position: 'clerk', unit: 'north', person: 'binh', from: '2020-01-01' }] });
    ok(await s.as('binh')('POST', `/api/tasks/${id}/claim`, { until: '10d' }));
    const held = (await hoa('GET', `/api/tasks/${id}`)).json;
    assert.deepEqual([held.may_decide, held.may_claim, held.may_delegate], [false, false, false]);
    for (const what of ['decide', 'claim', 'delegate']) assert.match(held.why[what], /Binh/, what);
    await s.org({ holders: [{ position: 'clerk', unit: 'north', person: 'binh', from: '2020-01-01', to: '2020-01-02' }] });
    assert.equal((await hoa('GET', `/api/tasks/${id}`)).json.may_decide, true);
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
  });

  it('what was delegated ends when the giver may not decide any more', async () => {
    const { id } = await begin('ask');
    ok(await hoa('POST', `/api/tasks/${id}/delegate`, { person: 'dao' }));
    await s.org({ holders: [{ position: 'clerk', unit: 'north', person: 'tam', from: '2020-02-01' }, { position: 'clerk', unit: 'north', person: 'hoa', from: '2020-01-01', to: '2021-01-01' }] });
    assert.equal((await dao('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    await s.org({ holders: [{ position: 'clerk', unit: 'north', person: 'hoa', from: '2021-06-01' }, { position: 'clerk', unit: 'north', person: 'tam', from: '2020-02-01', to: '2020-02-02' }] });
    assert.equal((await dao('GET', `/api/tasks/${id}`)).json.may_decide, true);
  });
});

describe('comments', () => {
  it('are kept, and come with the answer', async () => {
    const { id, run } = await begin('ask');
    ok(await lan('POST', `/api/tasks/${id}/comments`, { text: 'Please by noon' }));
    assert.equal((await cuc('POST', `/api/tasks/${id}/comments`, { text: 'x' })).status, 403);
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }));
    assert.equal((await answer(run)).comments[0].text, 'Please by noon');
  });
});

describe('deciding', () => {
  it('by two at the same instant: one is first, the other is told so; the same again does no harm', async () => {
    for (let i = 0; i < 5; i++) {
      const { id, run } = await begin('two');
      const [a, b] = await Promise.all([hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve' }), dao('POST', `/api/tasks/${id}/decide`, { decision: 'return' })]);
      assert.deepEqual([a.status, b.status].sort(), [200, 409]);
      const lost = a.status === 409 ? a : b;
      assert.equal(lost.json.code, 'task.decided');
      assert.match(lost.text, a.status === 200 ? /Hoa/ : /Dao/, 'by name');
      const [who, said] = a.status === 200 ? [hoa, 'approve'] : [dao, 'return'];
      ok(await who('POST', `/api/tasks/${id}/decide`, { decision: said }));
      refused(await who('POST', `/api/tasks/${id}/decide`, { decision: said === 'approve' ? 'return' : 'approve' }), 409, 'task.decided');
      assert.equal((await answer(run)).decision, said);
    }
  });

  it('many at once: each for itself', async () => {
    const mine = [await begin('ask'), await begin('ask')], other = await begin('role');
    const r = await hoa('POST', '/api/tasks/decide', { tasks: [mine[0].id, other.id, mine[1].id, 17], answer: { decision: 'approve' } });
    assert.equal(r.status, 200, r.text);
    assert.deepEqual(r.json.map((x) => [x.task, x.done ?? x.code]), [[mine[0].id, true], [other.id, 'denied.task'], [mine[1].id, true], [17, 'flow.no_task']]);
    assert.equal((await answer(mine[0].run)).decision, 'approve');
    assert.equal((await answer(mine[1].run)).decision, 'approve');
    assert.equal((await hoa('POST', '/api/tasks/decide', { tasks: [], answer: {} })).status, 422);
  });
});

describe('forms', () => {
  it('are shown in the user\'s language, in their order, and checked', async () => {
    const { id, run } = await begin('form');
    const en = (await hoa('GET', `/api/tasks/${id}`, undefined, { 'accept-language': 'en' })).json.fields;
    assert.deepEqual(en.map((f) => [f.name, f.title]), [['decision', 'Decision'], ['amount', 'Amount']]);
    assert.equal(en[0].titles.approve, 'Approve');
    assert.equal(en[1].help, 'In dong');
    const vi = (await hoa('GET', `/api/tasks/${id}`, undefined, { 'accept-language': 'vi' })).json.fields;
    assert.deepEqual(vi.map((f) => f.title), ['Quyết định', 'Số tiền']);
    assert.equal((await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve', amount: 0 })).status, 422);
    assert.equal((await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve', amount: 5, by: 1 })).status, 422);
    ok(await hoa('POST', `/api/tasks/${id}/decide`, { decision: 'approve', amount: 5 }));
    assert.equal((await answer(run)).amount, 5);
  });

  it('of odd declarations are shown all the same, on the page of a link too', async () => {
    const { id, run } = await begin('weird');
    const shown = await s.as('tam')('GET', `/api/tasks/${id}`);
    assert.equal(shown.status, 200, shown.text);
    assert.deepEqual(shown.json.fields.map((f) => f.name), ['b', 'a', 'c', 'decision']);
    const { path } = await s.must('task', 'link', id, 'tam');
    const page = await s.request('GET', path, undefined, { authorization: undefined });
    assert.equal(page.status, 200, page.text);
    assert.doesNotMatch(page.text, /<script|<i>|<b>/);
    await s.must('flow', 'cancel', run);
  });

  it('cannot have fields that an answer has by itself', async () => {
    const run = await s.until(await s.startFlow('t.reserved'), ['failed', 'running']);
    const failed = run.error ? run : await s.until1('the error', async () => { const r = await s.flow(run.id); return r.error && r; });
    assert.equal(failed.error.code, 'task.form_name');
    await s.must('flow', 'cancel', run.id);
  });
});

describe('the inbox', () => {
  it('lists what comes by position, by a role from above and by delegation, in pages', async () => {
    const { id } = await begin('role'), mine = await begin('ask');
    await s.org({ role_holders: [{ role: 'reviewer', person: 'binh', unit: 'province', from: '2020-01-01' }] });
    const binh = s.as('binh'), an = s.as('an');
    assert.ok((await binh('GET', '/api/inbox')).json.tasks.some((t) => t.id === id && t.may_decide));
    assert.equal((await an('GET', '/api/inbox')).json.tasks.length, 0);
    await s.must('task', 'show', id);
    const ids = [];
    let next;
    do {
      const page = (await hoa('GET', `/api/inbox?limit=2${next ? `&after=${next}` : ''}`)).json;
      ids.push(...page.tasks.map((t) => t.id));
      next = page.next;
    } while (next);
    assert.ok(ids.includes(mine.id));
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(ids, [...ids].sort((a, b) => b - a));
    assert.deepEqual(ids, (await hoa('GET', '/api/tasks')).json.map((t) => t.id));
  });

  it('can be sorted by the term and narrowed', async () => {
    for (const n of [5, 2, 9]) await begin('due', 1, { n });
    const by = (await hoa('GET', '/api/inbox?order=due&flow=t.due')).json.tasks.map((t) => t.title);
    assert.deepEqual(by, ['Due 2', 'Due 5', 'Due 9']);
    const first = (await hoa('GET', '/api/inbox?order=due&limit=1&flow=t.due')).json;
    const second = (await hoa('GET', `/api/inbox?order=due&limit=1&flow=t.due&after=${first.next}`)).json;
    assert.deepEqual([first.tasks[0].title, second.tasks[0].title], ['Due 2', 'Due 5']);
    assert.equal((await hoa('GET', '/api/inbox?due_before=3h&flow=t.due')).json.tasks.length, 1);
    ok(await hoa('POST', `/api/tasks/${first.tasks[0].id}/claim`));
    assert.deepEqual((await hoa('GET', '/api/inbox?claimed=me')).json.tasks.map((t) => t.title), ['Due 2']);
    assert.equal((await hoa('GET', '/api/inbox?claimed=none&flow=t.due')).json.tasks.length, 2);
    assert.equal((await hoa('GET', '/api/inbox?after=x')).status, 400);
    assert.equal((await hoa('GET', '/api/inbox?all=true')).status, 403);
    assert.ok((await lan('GET', '/api/inbox?all=true')).json.tasks.length > 3);
  });
});

describe('terms in working days', () => {
  it('a year without a calendar warns; when it is announced the term is counted again', async () => {
    const { id } = await begin('term');
    const before = (await hoa('GET', `/api/tasks/${id}`, undefined, { 'accept-language': 'en' })).json;
    assert.match(before.warnings[0], /calendar of \d{4}/);
    assert.match((await s.must('flow', 'show', before.run, '--lang', 'en')).warnings[0], /1 open tasks touch it/);
    assert.match((await s.cli('doctor', '--lang', 'en')).out, /LOOK {2}tasks +The calendar of \d{4}/);
    assert.match(s.log, /calendar.missing_year/);
    const years = [...new Set([0, 10, 30].map((n) => Number(day(n).slice(0, 4))))];
    await s.org({ calendar: years.map((y) => ({ year: y, holidays: [1, 2, 3].map((n) => day(n)).filter((d) => d.startsWith(y)), working: [] })) });
    const after = await s.until1('the term moves', async () => {
      const t = (await hoa('GET', `/api/tasks/${id}`)).json;
      return t.due > before.due && t;
    });
    assert.equal(after.warnings, undefined);
    assert.ok((await hoa('GET', '/api/inbox?order=due')).json.tasks.some((t) => t.id === id && t.due === after.due));
  });
});

describe('a term that is over', () => {
  it('is reminded of before, asks others too, and both stand in what happened', async () => {
    const { id } = await begin('late'), kinds = async () => (await lan('GET', `/api/tasks/${id}/history`)).json.map((l) => l.kind);
    await s.later(3);
    await s.until1('it is reminded of', async () => (await kinds()).length);
    await s.later(3);
    await s.until1('it is escalated', async () => (await kinds()).includes('escalated'));
    assert.deepEqual(await kinds(), ['reminded', 'escalated']);
    const [mine, theirs] = [(await hoa('GET', `/api/tasks/${id}`)).json, (await dao('GET', `/api/tasks/${id}`)).json];
    assert.deepEqual([mine.may_decide, theirs.may_decide, theirs.to.map((x) => x.why)], [true, true, [undefined, 'escalated']]);
  });
});

describe('the command line', () => {
  it('does the same', async () => {
    const { id, run } = await begin('ask');
    await s.must('task', 'claim', id, '--as', 'hoa');
    await s.must('task', 'comment', id, 'seen', '--as', 'hoa');
    await s.must('task', 'release', id, '--as', 'hoa');
    await s.must('task', 'reassign', id, '--as', 'lan', '--person', 'dao', '--reason', 'ill');
    await s.must('task', 'hand-back', id, '--as', 'dao');
    await s.must('task', 'delegate', id, 'dao', '--as', 'hoa');
    assert.ok((await s.must('task', 'inbox', '--as', 'dao')).tasks.some((t) => t.id === id));
    const report = await s.must('task', 'handover', 'hoa');
    assert.ok(report.tasks.some((t) => t.id === id && t.others === false));
    assert.ok(report.positions.length > 0 && report.positions.every((p) => typeof p.unit === 'string' && [p.since, p.until].every((day) => day === undefined || /^\d{4}-\d\d-\d\d$/.test(day))), JSON.stringify(report.positions));
    const r = await s.must('task', 'decide-all', `${id},17`, '--as', 'dao', '--decision', 'approve');
    assert.deepEqual(r.map((x) => x.done ?? x.code), [true, 'flow.no_task']);
    assert.equal((await answer(run)).decision, 'approve');
    assert.equal((await s.must('task', 'history', id)).length, 6);
  });
});
