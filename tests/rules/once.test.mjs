// Where k of n are needed, or any, each human counts once, in whatever capacity; where all are, each place speaks.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';
import { flow, office } from '../lib/office.mjs';

const all = (name, who, options) => flow(name, `local asks = {}
  for i, to in ipairs { ${who.join(', ')} } do asks[i] = { to = to, title = "T" .. i } end
  return run:ask_all(asks${options ? `, ${options}` : ''})`);
const [HOA, DAO, CUC, AN, CLERK] = ['person("hoa")', 'person("dao")', 'person("cuc")', 'person("an")', '{ position = "clerk", unit = unit("north") }'];
const SOURCE = [
  all('two', [HOA, CLERK, DAO], '{ need = 2 }'),
  all('any', [HOA, CLERK, DAO], '{ need = "any" }'),
  all('all', [HOA, CLERK]),
  all('eyes', [HOA, DAO], '{ need = 2 }'),
  all('places', [HOA, CLERK, DAO, CUC], '{ need = 3 }'),
  all('alike', [HOA, AN, DAO], '{ need = 2 }'),
  all('deputy', [DAO, '{ position = "clerk", unit = unit("south") }'], '{ need = 2 }'),
  all('lonely', ['person("mai")', '{ position = "head", unit = unit("north") }'], '{ need = 2 }'),
].join('\n');

let s;
before(async () => { s = await office(SOURCE, { config: { lang: 'en' } }); });
after(() => s?.stop());

const enter = async (name) => {
  await s.as(name)('GET', '/api/inbox');
  assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
  const b = browser(s);
  assert.equal((await b.loginPage(name, PASSWORD)).status, 303);
  return b;
};
const yes = { decision: 'approve' };
const begin = async (name, n) => {
  const run = await s.startFlow(`t.${name}`), ids = {};
  for (const t of await s.open(run, n)) ids[t.title] = t.id;
  return { run, ids };
};
const act = (who, id, verb, body = {}) => s.as(who)('POST', `/api/tasks/${id}/${verb}`, body);
const say = async (who, id, answer = yes) => { const r = await act(who, id, 'decide', answer); return r.status === 200 ? 'done' : r.json.code; };
const result = async (run) => { const r = (await s.done(run)).result; return [r.decision, r.approved, r.asked]; };

describe('a human who is asked in several places', () => {
  it('counts once of two of three: the second answer is refused with the reason, by every way and over a restart', async () => {
    const { run, ids } = await begin('two', 3);
    assert.equal(await say('hoa', ids.T1), 'done');
    await s.restart();
    const t = (await s.as('hoa')('GET', `/api/tasks/${ids.T2}`)).json;
    assert.deepEqual([t.may_decide, t.may_claim, t.may_delegate], [false, false, false]);
    for (const verb of ['decide', 'claim', 'delegate']) assert.match(t.why[verb], /have answered another of these questions already: each person counts once/);
    for (const [verb, body] of [['decide', yes], ['decide', { decision: 'return' }], ['claim', {}], ['delegate', { person: 'an' }]])
      assert.equal((await act('hoa', ids.T2, verb, body)).json.code, 'denied.once', verb);
    const cli = await s.cli('task', 'decide', ids.T2, '--decision', 'approve', '--as', 'hoa');
    assert.deepEqual([cli.code, /each person counts once/.test(cli.err ?? cli.stderr ?? cli.out)], [1, true], JSON.stringify(cli));
    const { path } = await s.must('task', 'link', ids.T2, 'hoa');
    const used = await s.request('POST', path, 'decision=approve', { authorization: undefined, 'content-type': 'application/x-www-form-urlencoded' });
    assert.ok(used.status === 403 && /each person counts once/.test(used.text), `${used.status} ${used.text}`);
    assert.equal((await s.must('task', 'show', ids.T2)).state, 'open');
    const page = await (await enter('hoa')).request('GET', `/tasks/${ids.T2}`);
    assert.match(page.text, /each person counts once/);
    assert.doesNotMatch(page.text, /name="decision"/);
    assert.ok((await s.as('hoa')('GET', '/api/inbox')).json.tasks.every((x) => x.id !== ids.T2 || !x.may_decide));
    assert.equal(await say('hoa', ids.T1), 'done', 'the same again is no second answer');
    assert.equal(await say('dao', ids.T3), 'done');
    assert.deepEqual(await result(run), ['approve', 2, 3]);
  });

  it('counts once of any, whatever was said first; and of several in one go', async () => {
    const { run, ids } = await begin('any', 3);
    const both = await s.as('hoa')('POST', '/api/tasks/decide', { tasks: [ids.T1, ids.T2], answer: { decision: 'return' } });
    assert.deepEqual(both.json.map((x) => x.code ?? x.done), [true, 'denied.once']);
    assert.equal(await say('hoa', ids.T2), 'denied.once');
    assert.equal(await say('dao', ids.T3), 'done');
    assert.deepEqual(await result(run), ['approve', 1, 3]);
  });

  it('answers each place where all are needed', async () => {
    const { run, ids } = await begin('all', 2);
    assert.equal(await say('hoa', ids.T1), 'done');
    assert.equal((await s.as('hoa')('GET', `/api/tasks/${ids.T2}`)).json.may_decide, true);
    assert.equal(await say('hoa', ids.T2), 'done');
    assert.deepEqual(await result(run), ['approve', 2, 2]);
  });
});

describe('who acts for another', () => {
  it('is one of two of two in one place alone, whichever they answer first', async () => {
    let { run, ids } = await begin('eyes', 2);
    assert.equal((await act('hoa', ids.T1, 'delegate', { person: 'dao' })).status, 200);
    assert.equal(await say('dao', ids.T2), 'done');
    assert.equal(await say('dao', ids.T1), 'denied.once');
    assert.equal(await say('hoa', ids.T1), 'done');
    assert.deepEqual(await result(run), ['approve', 2, 2]);
    ({ run, ids } = await begin('eyes', 2));
    assert.equal((await act('hoa', ids.T1, 'delegate', { person: 'dao' })).status, 200);
    assert.equal(await say('dao', ids.T1), 'done');
    assert.equal(await say('dao', ids.T2), 'denied.once');
    await s.must('flow', 'cancel', run);
  });

  it('has answered for the other, too: neither answers beside it, and nobody else in the place of either', async () => {
    const { run, ids } = await begin('places', 4);
    assert.equal((await act('hoa', ids.T1, 'delegate', { person: 'dao' })).status, 200);
    assert.equal((await act('hoa', ids.T2, 'delegate', { person: 'an' })).status, 200);
    assert.equal(await say('dao', ids.T1), 'done');
    assert.equal(await say('hoa', ids.T2), 'denied.once', 'for whom somebody has answered');
    assert.equal(await say('an', ids.T2), 'denied.once', 'in their place');
    assert.equal((await act('cuc', ids.T4, 'delegate', { person: 'hoa' })).json.code, 'task.delegate_once');
    assert.equal((await act('cuc', ids.T4, 'delegate', { person: 'binh' })).status, 200);
    assert.equal(await say('binh', ids.T4), 'done');
    assert.equal(await say('dao', ids.T3), 'denied.once');
    await s.must('flow', 'cancel', run);
  });
});

describe('who stands in for another in all', () => {
  it('counts once as well: for themself, or in the place of the other', async () => {
    assert.equal((await s.as('cuc')('POST', '/api/delegations', { from: 'cuc', to: 'dao', until_: '2199-01-01' })).status, 201);
    const { run, ids } = await begin('deputy', 2);
    assert.equal(await say('dao', ids.T1), 'done');
    assert.equal(await say('dao', ids.T2), 'denied.once');
    assert.equal(await say('cuc', ids.T2), 'done');
    assert.deepEqual(await result(run), ['approve', 2, 2]);
    const other = await begin('deputy', 2);
    assert.equal(await say('dao', other.ids.T2), 'done', 'in the place of the other');
    assert.equal(await say('dao', other.ids.T1), 'denied.once');
    await s.must('flow', 'cancel', other.run);
  });
});

describe('one human behind two names', () => {
  it('counts once by a second account of the person, and by a person with the same address', async () => {
    const { run, ids } = await begin('two', 3);
    assert.equal(await say('hoa', ids.T1), 'done');
    await s.must('user', 'add', 'hoa2', '--person', 'hoa');
    s.tokens.hoa2 = (await s.must('user', 'token', 'hoa2')).token;
    assert.equal(await say('hoa2', ids.T2), 'denied.once');
    await s.must('flow', 'cancel', run);

    await s.org({ persons: [{ code: 'an', name: 'An', email: 'HOA@example.org' }] });
    const alike = await begin('alike', 3);
    assert.equal(await say('hoa', alike.ids.T1), 'done');
    assert.equal(await say('an', alike.ids.T2), 'denied.once_mail');
    const t = (await s.as('an')('GET', `/api/tasks/${alike.ids.T2}`)).json;
    assert.match(t.why.decide, /Somebody with your e-mail address/);
    assert.equal(await say('dao', alike.ids.T3), 'done');
    assert.deepEqual(await result(alike.run), ['approve', 2, 3]);
  });
});

describe('a place for which nobody is left', () => {
  it('is shown as such with the reason, asked of those above, and not handed to who has answered', async () => {
    const { run, ids } = await begin('lonely', 2);
    assert.equal((await s.must('task', 'show', ids.T2)).orphan, undefined);
    assert.equal(await say('mai', ids.T1), 'done');
    const t = await s.until1('an orphan', async () => { const x = await s.must('task', 'show', ids.T2); return x.orphan && x; });
    assert.ok(t.to.some((x) => x.why === 'orphan' && x.position === 'head'), JSON.stringify(t.to));
    assert.match((await s.must('task', 'orphans', '--lang', 'en')).find((x) => x.id === ids.T2).reason, /has answered another of these questions/);
    assert.equal((await act('lan', ids.T2, 'reassign', { to: { person: 'mai' }, reason: 'x' })).json.code, 'task.nobody');
    assert.equal((await s.as('lan')('GET', `/api/tasks/${ids.T2}`)).json.may_decide, true);
    assert.equal((await act('mai', ids.T2, 'link', { person: 'lan' })).json.code, 'denied.once', 'whoever has the link decides by it');
    await s.org({ holders: [{ position: 'head', unit: 'north', person: 'binh', from: '2020-01-01' }] });
    await s.until1('no orphan', async () => !(await s.must('task', 'show', ids.T2)).orphan);
    assert.equal(await say('binh', ids.T2), 'done');
    assert.deepEqual(await result(run), ['approve', 2, 2]);
    assert.deepEqual(await s.must('verify'), []);
  });

  it('is asked of who comes in above later', async () => {
    const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10), at = { position: 'head', unit: 'province' };
    await s.org({ holders: [{ position: 'head', unit: 'north', person: 'binh', from: '2020-01-01', to: day(-1) }, { ...at, person: 'lan', from: '2020-01-01', to: day(-1) }] });
    const { run, ids } = await begin('lonely', 2);
    assert.equal(await say('mai', ids.T1), 'done');
    const t = await s.until1('an orphan', async () => { const x = await s.must('task', 'show', ids.T2); return x.orphan && x; });
    assert.deepEqual([t.orphan_why, t.to.some((x) => x.why === 'orphan')], ['task.orphan_once', false]);
    await s.org({ holders: [{ ...at, person: 'chi', from: day(-1) }] });
    await s.until1('they are asked', async () => (await s.must('task', 'show', ids.T2)).to.some((x) => x.why === 'orphan'));
    assert.equal(await say('chi', ids.T2), 'done');
    assert.deepEqual(await result(run), ['approve', 2, 2]);
  });
});
