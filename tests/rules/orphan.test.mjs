// Tasks that lose those who could decide them: each change has its outcome, hot and cold, within the second.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { day, sqlite } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

const SOURCE = [
  flow('north', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "North" }'),
  flow('heads', 'return run:ask { to = { position = "head", unit = unit("north") }, title = "Heads" }'),
  flow('empty', 'return run:ask { to = { position = "head", unit = unit("south") }, title = "Nobody there" }'),
  flow('named', 'return run:ask { to = person("hoa"), title = "Named" }'),
  flow('role', 'return run:ask { to = { role = "reviewer", unit = unit("north") }, title = "Role", escalate = person("lan") }'),
  flow('to_role', 'return run:ask { to = { position = "clerk", unit = unit("south") }, title = "To a role", escalate = { role = "reviewer", unit = unit("south") } }'),
  flow('to_panel', 'return run:ask { to = { position = "clerk", unit = unit("south") }, title = "To a body", escalate = { body = "panel" } }'),
  flow('south_head', 'return run:ask { to = { position = "head", unit = unit("south") }, title = "Head of the south" }'),
  flow('about', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "About", about = content.get("note", input.id) }').replace('title = "about" }', 'title = "about", input = { id = "integer!" } }'),
  flow('ward', 'return run:ask { to = { position = "head", unit = unit("ward") }, title = "Ward" }'),
  flow('panel', 'return run:ask { to = { body = "panel" }, title = "Panel" }'),
  'content.type("order", { fields = { title = "text!" }, title = "title", unit = true, approval = true })',
  flow('order', 'return run:ask { to = { position = "clerk", unit = unit("north") }, title = "Order", about = content.get("order", input.id) }').replace('title = "order" }', 'title = "order", input = { id = "integer!" } }'),
  flow('head_order', 'return run:ask { to = { position = "head", unit = unit("north") }, title = "Order", about = content.get("order", input.id) }').replace('title = "head_order" }', 'title = "head_order", input = { id = "integer!" } }'),
  flow('south', 'return run:ask { to = { position = "clerk", unit = unit("south") }, title = "South" }'),
  flow('vote', 'return run:vote { voters = { person("mai"), person("hoa") }, title = "Vote" }'),
  flow('watch', 'local e = run:wait("task.orphaned", {}, { within = "30s" }) return e'),
].join('\n');
const start = async (options) => office(SOURCE, options);
const show = (s, id) => s.must('task', 'show', id);
const orphaned = (s, id) => s.until1('an orphan', async () => { const t = await show(s, id); return t.orphan && t; });
const gone = (position, unit, person, to = day(-1)) => ({ holders: [{ position, unit, person, from: '2020-01-01', to }] });
const PANEL = {
  bodies: [{ code: 'panel', name: 'Panel', unit: 'province', from: '2020-01-01' }],
  body_members: [{ body: 'panel', person: 'dao', from: '2020-01-01' }],
  role_holders: [{ role: 'reviewer', person: 'tam', unit: 'north', from: '2020-01-01' }],
};
const task = async (s, name, input = {}) => {
  const run = await s.startFlow(`t.${name}`, input), [{ id }] = await s.open(run);
  return { run, id };
};
const decided = (s, id, who) => s.must('task', 'decide', id, '--as', who, '--decision', 'approve');
const accounts = async (s, ...names) => { for (const n of names) await s.must('user', 'add', n, '--person', n); };
const off = (s, who) => s.must('user', 'disable', who);
const on = (s, who) => s.must('user', 'enable', who);
const rescued = (s, id) => s.until1('it is no orphan', async () => !(await show(s, id)).orphan);
// All that was in doubt has been looked at.
const settled = (s) => s.until1('no doubt is left', async () => sqlite(s.data, 'select count(*) from flow_doubt', '-readonly') === '0');
const unitIds = async (s) => Object.fromEntries((await s.must('org', 'units', '--at', day(-3))).map((u) => [u.code, u.id]));
const kinds = async (s, id) => (await s.must('task', 'history', id)).map((l) => l.kind);

describe('nobody can decide it', () => {
  it('from the start: it is marked, told of, and asked of the same position above', async () => {
    const s = await start();
    const watch = await s.startFlow('t.watch');
    await s.must('flow', 'show', watch);
    const run = await s.startFlow('t.empty'), [{ id }] = await s.open(run);
    const t = await orphaned(s, id);
    assert.ok(t.to.some((x) => x.why === 'orphan' && x.position === 'head'));
    assert.equal((await s.done(watch)).result.task, id);
    const [listed] = await s.must('task', 'orphans', '--lang', 'en');
    assert.equal(listed.id, id);
    assert.match(listed.reason, /Nobody holds the position/);
    assert.ok(listed.above);
    await s.restart();
    assert.deepEqual(await kinds(s, id), ['orphan_escalated']);
    assert.equal((await s.as('lan')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    assert.equal((await s.done(run)).result.decision, 'approve');
    assert.equal((await s.must('task', 'orphans')).length, 0);
    await s.stop();
  });

  it('since its holder left in mid-flow; when somebody comes it is theirs alone again', async () => {
    const s = await start();
    const run = await s.startFlow('t.heads'), [{ id }] = await s.open(run);
    assert.equal((await s.as('mai')('POST', `/api/tasks/${id}/claim`)).status, 200);
    await s.org(gone('head', 'north', 'mai'));
    const t = await orphaned(s, id);
    assert.equal(t.claimed_by, undefined);
    assert.deepEqual(await kinds(s, id), ['claimed', 'went_back', 'orphan_escalated']);
    assert.equal((await s.as('mai')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    assert.ok((await s.as('lan')('GET', '/api/inbox')).json.tasks.some((x) => x.id === id));
    await s.restart();
    await s.org({ holders: [{ position: 'head', unit: 'north', person: 'tam', from: day(-1) }] });
    const back = await s.until1('it is no orphan', async () => { const x = await show(s, id); return !x.orphan && x; });
    assert.ok(!back.to.some((x) => x.why === 'orphan'));
    assert.equal((await s.as('lan')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    assert.equal((await s.as('tam')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    assert.equal((await s.done(run)).result.decision, 'approve');
    await s.stop();
  });

  it('since the person who was named cannot sign in: who holds their position now is asked', async () => {
    const s = await start();
    const run = await s.startFlow('t.named'), [{ id }] = await s.open(run);
    await s.as('hoa')('GET', '/api/inbox');
    await s.org({ holders: [{ position: 'clerk', unit: 'north', person: 'dao', from: day(-1) }] });
    await s.must('user', 'disable', 'hoa');
    await orphaned(s, id);
    assert.equal((await s.as('dao')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    await s.done(run);
    await s.stop();
  });

  it('since the account that was left to the person stands for another; given back, it is no orphan any more', async () => {
    const s = await start();
    const run = await s.startFlow('t.named'), [{ id }] = await s.open(run);
    await s.as('hoa')('GET', '/api/inbox');
    await s.must('user', 'add', 'hoa2', '--person', 'hoa');
    await s.must('user', 'disable', 'hoa');
    await s.must('user', 'edit', 'hoa2', '--person', 'dao');
    await orphaned(s, id);
    await s.must('user', 'edit', 'hoa2', '--person', 'hoa');
    await s.until1('it is no orphan', async () => !(await show(s, id)).orphan);
    await s.must('flow', 'cancel', run);
    await s.stop();
  });

  it('nobody has the role: it is asked of whom the flow said it would escalate to', async () => {
    const s = await start();
    const run = await s.startFlow('t.role'), [{ id }] = await s.open(run);
    await orphaned(s, id);
    assert.equal((await s.as('lan')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    await s.done(run);
    await s.stop();
  });
});

// Nobody can be asked of these: those who could are away, and so is the head of the province.
async function stranded(s, ...names) {
  await s.org({ holders: [...gone('head', 'province', 'lan').holders, ...gone('head', 'north', 'mai').holders, ...gone('clerk', 'north', 'hoa').holders] });
  const tasks = [];
  for (const name of names) tasks.push(await task(s, name));
  for (const { id } of tasks) assert.ok(!(await orphaned(s, id)).to.some((x) => x.why === 'orphan'));
  return tasks;
}
const asked = (s, id) => s.until1('those above are asked', async () => { const t = await show(s, id); return t.orphan && t.to.some((x) => x.why === 'orphan') && t; });
const waits = (s) => Number(sqlite(s.data, 'select count(*) from flow_orphan_wait', '-readonly'));

describe('an orphan above which nobody could be asked', () => {
  it('is asked of who comes into the office above, told to them, and escalated; it waits again when they leave', async () => {
    const s = await start();
    await accounts(s, 'hoa');
    await off(s, 'hoa');
    const [{ run, id }, named, cancelled] = await stranded(s, 'heads', 'named', 'heads');
    await s.must('flow', 'cancel', cancelled.run);
    await s.restart();
    await settled(s);
    assert.ok(waits(s) > 0);
    await s.org({ holders: [{ position: 'head', unit: 'province', person: 'chi', from: day(-1) }] });
    await asked(s, id);
    assert.deepEqual(await kinds(s, id), ['orphan', 'orphan_escalated']);
    await s.until1('they are told', async () => (await s.as('chi')('GET', '/api/notices')).json.some((n) => n.kind === 'task.orphaned' && n.ref === id));
    assert.ok((await s.as('chi')('GET', '/api/inbox')).json.tasks.some((t) => t.id === id));
    await s.org({ holders: [{ position: 'head', unit: 'province', person: 'chi', from: day(-1), to: day(0) }] });
    await settled(s);
    await s.org({ holders: [{ position: 'head', unit: 'province', person: 'an', from: day(0) }] });
    await settled(s);
    assert.equal((await s.as('an')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    assert.equal((await s.done(run)).result.decision, 'approve');
    await s.must('flow', 'cancel', named.run);
    assert.equal(waits(s), 0);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('is asked of whom the flow named, when their account is switched on; of who gets the role or the seat that it named', async () => {
    const s = await start({ org: PANEL });
    await accounts(s, 'lan', 'tam', 'an', 'binh');
    for (const who of ['lan', 'tam']) await off(s, who);
    const tasks = [await task(s, 'role'), await task(s, 'to_role'), await task(s, 'to_panel')];
    await s.org({ body_members: [{ body: 'panel', person: 'dao', from: '2020-01-01', to: day(-1) }], ...gone('clerk', 'south', 'cuc') });
    for (const { id } of tasks) assert.ok(!(await orphaned(s, id)).to.some((x) => x.why === 'orphan'));
    await on(s, 'lan');
    await asked(s, tasks[0].id);
    await s.org({ role_holders: [{ role: 'reviewer', person: 'an', unit: 'province', from: day(-1) }] });
    await asked(s, tasks[1].id);
    await decided(s, tasks[1].id, 'an');
    await s.org({ body_members: [{ body: 'panel', person: 'binh', from: day(-1) }] });
    await asked(s, tasks[2].id);
    await decided(s, tasks[2].id, 'binh');
    await s.stop();
  });

  it('is asked of those under whom its unit comes to stand; a delegation of one above who cannot sign in counts, too', async () => {
    const s = await start(), [one] = await stranded(s, 'heads');
    await s.org({ units: [{ code: 'other', name: 'Other', kind: 'province', from: '2020-01-01' }], holders: [{ position: 'head', unit: 'other', person: 'chi', from: '2020-01-01' }] });
    await settled(s);
    assert.ok(!(await show(s, one.id)).to.some((x) => x.why === 'orphan'));
    await s.must('org', 'move', 'province', '--parent', 'other', '--day', day(-1));
    await asked(s, one.id);
    await accounts(s, 'chi', 'tam');
    await decided(s, one.id, 'chi');
    await off(s, 'chi');
    const two = await task(s, 'heads');
    await orphaned(s, two.id);
    await s.must('delegation', 'add', '--from', 'chi', '--to', 'tam', '--until', day(5));
    await asked(s, two.id);
    await decided(s, two.id, 'tam');
    await s.stop();
  });

  it('is not looked at when the place of a unit is written as it was', async () => {
    const s = await start(), sql = (text) => sqlite(s.data, text);
    await s.org(PARTS);
    await s.stop();
    sql('create table moved(unit integer); create trigger moved after insert on flow_doubt when new.kind = 9 begin insert into moved values(new.unit); end');
    await s.org(PARTS);
    assert.equal(sql('select unit from moved'), '');
    await s.must('org', 'move', 'east', '--parent', 'south', '--day', day(-1));
    assert.equal(sql('select distinct unit from moved'), String((await unitIds(s)).east));
  });

  it('when the day comes on which somebody takes the office above, or the unit moves', async () => {
    const s = await start(), [one] = await stranded(s, 'heads'), [two] = [await task(s, 'south_head')];
    await orphaned(s, two.id);
    await s.org({ units: [{ code: 'other', name: 'Other', kind: 'province', from: '2020-01-01' }],
      holders: [{ position: 'head', unit: 'other', person: 'chi', from: '2020-01-01' }, { position: 'head', unit: 'province', person: 'an', from: day(4) }] });
    await s.must('org', 'move', 'south', '--parent', 'other', '--day', day(2));
    await settled(s);
    for (const { id } of [one, two]) assert.ok(!(await show(s, id)).to.some((x) => x.why === 'orphan'));
    s.config.clock_offset = 3 * 86400000;
    await s.restart();
    await asked(s, two.id);
    assert.ok(!(await show(s, one.id)).to.some((x) => x.why === 'orphan'));
    s.config.clock_offset = 5 * 86400000;
    await s.restart();
    await asked(s, one.id);
    await s.stop();
  });
});

// The head of the north wrote the text, and nobody else is asked.
async function written(s) {
  const north = (await s.must('org', 'units')).find((u) => u.code === 'north').id;
  const { id } = (await s.as('mai')('POST', '/api/content/order', { title: 'One', unit: north })).json;
  return () => task(s, 'head_order', { id });
}
const above = (t) => t.to.filter((x) => x.why === 'orphan').map((x) => x.unit);

describe('an orphan since whoever is asked wrote the text', () => {
  it('is asked of who comes in above, once, and of the next one above when they leave', async () => {
    const s = await start(), ask = await written(s);
    await accounts(s, 'an');
    await s.org({ units: [{ code: 'land', name: 'Land', kind: 'land', from: '2020-01-01' }], ...gone('head', 'province', 'lan') });
    await s.must('org', 'move', 'province', '--parent', 'land', '--day', day(-2));
    const { run, id } = await ask();
    assert.deepEqual([(await orphaned(s, id)).orphan_why, above(await show(s, id))], ['task.orphan_author', []]);
    await s.restart();
    await s.org({ holders: [{ position: 'head', unit: 'province', person: 'chi', from: day(-1) }] });
    const ids = await unitIds(s);
    assert.deepEqual(above(await asked(s, id)), [ids.province]);
    await s.until1('they are told', async () => (await s.as('chi')('GET', '/api/notices')).json.some((n) => n.kind === 'task.orphaned' && n.ref === id));
    await s.org({ holders: [{ position: 'clerk', unit: 'province', person: 'dao', from: day(-1) }, { position: 'head', unit: 'province', person: 'chi', from: '2020-01-01' }] });
    await settled(s);
    assert.deepEqual(await kinds(s, id), ['orphan', 'orphan_escalated']);
    await s.org({ holders: [{ position: 'head', unit: 'land', person: 'an', from: '2020-01-01' }, { position: 'head', unit: 'province', person: 'chi', from: day(-1), to: day(0) }, { position: 'head', unit: 'province', person: 'chi', from: '2020-01-01', to: day(-1) }] });
    await s.until1('the next one is asked', async () => above(await show(s, id)).includes(ids.land));
    await decided(s, id, 'an');
    assert.equal((await s.done(run)).result.decision, 'approve');
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('is not asked of the author in another office above, but of the next one', async () => {
    const s = await start(), ask = await written(s);
    await accounts(s, 'an');
    await s.org({ units: [{ code: 'land', name: 'Land', kind: 'land', from: '2020-01-01' }],
      holders: [...gone('head', 'province', 'lan').holders, { position: 'head', unit: 'province', person: 'mai', from: day(-2) }, { position: 'head', unit: 'land', person: 'an', from: '2020-01-01' }] });
    const { id } = await ask();
    assert.deepEqual(above(await orphaned(s, id)), []);
    await s.must('org', 'move', 'province', '--parent', 'land', '--day', day(-1));
    assert.deepEqual(above(await asked(s, id)), [(await unitIds(s)).land]);
    await decided(s, id, 'an');
    await s.stop();
  });

  it('says another reason when there is another', async () => {
    const s = await start(), ask = await written(s);
    await s.org(gone('head', 'province', 'lan'));
    const { run, id } = await ask(), why = (key) => s.until1(key, async () => (await show(s, id)).orphan_why === key);
    await why('task.orphan_author');
    await off(s, 'mai');
    await why('task.orphan_locked_out');
    await s.org(gone('head', 'north', 'mai'));
    await why('task.orphan_position');
    await s.must('flow', 'cancel', run);
    await s.stop();
  });
});

describe('whom it is asked of cannot sign in', () => {
  it('the only holder of a position, of a role, the only member of a body: it is an orphan; let in again, it is theirs alone', async () => {
    const s = await start({ org: PANEL }), cases = [['heads', 'mai'], ['role', 'tam'], ['panel', 'dao']], tasks = [];
    await accounts(s, 'mai', 'tam', 'dao', 'lan');
    for (const [name] of cases) tasks.push(await task(s, name));
    await settled(s);
    for (const { id } of tasks) assert.equal((await show(s, id)).orphan, undefined);
    for (const [, who] of cases) await off(s, who);
    for (const { id } of tasks) await orphaned(s, id);
    const listed = await s.must('task', 'orphans', '--lang', 'en');
    assert.deepEqual(listed.map((t) => t.id).toSorted(), tasks.map((t) => t.id).toSorted());
    for (const t of listed) assert.match(t.reason, /can sign in/);
    const [head, role, panel] = await Promise.all(tasks.map(({ id }) => show(s, id)));
    assert.ok(head.to.some((x) => x.why === 'orphan' && x.position === 'head'));
    assert.ok(role.to.some((x) => x.why === 'orphan' && x.person));
    assert.ok(!panel.to.some((x) => x.why === 'orphan'));
    const late = await task(s, 'heads');
    assert.ok((await orphaned(s, late.id)).to.some((x) => x.why === 'orphan'), 'one that is asked now');
    await decided(s, late.id, 'lan');
    await s.restart();
    for (const [, who] of cases) await on(s, who);
    for (const [i, { run, id }] of tasks.entries()) {
      await rescued(s, id);
      assert.ok(!(await show(s, id)).to.some((x) => x.why === 'orphan'));
      assert.deepEqual((await kinds(s, id)).at(-1), 'orphan_over');
      await decided(s, id, cases[i][1]);
      assert.equal((await s.done(run)).result.decision, 'approve');
    }
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('a holder above who cannot sign in either is passed over', async () => {
    const s = await start();
    await s.org({ units: [{ code: 'ward', name: 'Ward', kind: 'ward', parent: 'north', from: '2020-01-01' }], holders: [{ position: 'head', unit: 'ward', person: 'binh', from: '2020-01-01' }] });
    await accounts(s, 'binh', 'mai');
    const { run, id } = await task(s, 'ward'), province = (await s.must('org', 'units')).find((u) => u.code === 'province').id;
    await off(s, 'mai');
    await off(s, 'binh');
    const t = await orphaned(s, id);
    assert.deepEqual(t.to.filter((x) => x.why === 'orphan').map((x) => x.unit), [province]);
    await s.must('flow', 'cancel', run);
    await s.stop();
  });

  it('who stands in for them still decides it: no orphan until they cannot sign in either, or the delegation ends', async () => {
    const s = await start();
    await accounts(s, 'mai', 'tam', 'hoa');
    const heads = await task(s, 'heads'), other = await task(s, 'north');
    const ballots = async (run) => (await s.must('task', 'list')).filter((t) => t.run === run).map((t) => t.id);
    const given = await s.must('delegation', 'add', '--from', 'mai', '--to', 'tam', '--until', day(5));
    await off(s, 'mai');
    await off(s, 'hoa');
    await orphaned(s, other.id);
    await settled(s);
    assert.equal((await show(s, heads.id)).orphan, undefined);
    const vote = await s.startFlow('t.vote');
    await s.open(vote, 2);
    for (const id of await ballots(vote)) await orphaned(s, id); // nobody votes for another
    await s.must('flow', 'cancel', vote);
    await off(s, 'tam');
    await orphaned(s, heads.id);
    await on(s, 'tam');
    await rescued(s, heads.id);
    await s.must('delegation', 'revoke', given.id ?? given, '--on', day(0));
    await orphaned(s, heads.id);
    await s.must('delegation', 'add', '--from', 'mai', '--to', 'tam', '--until', day(5));
    await rescued(s, heads.id);
    await off(s, 'tam');
    await orphaned(s, heads.id);
    await s.must('user', 'add', 'mai2', '--person', 'mai');
    await rescued(s, heads.id);
    await decided(s, heads.id, 'mai2');
    await s.stop();
  });

  it('to whom it was handed still decides it, until they cannot sign in either', async () => {
    const s = await start();
    await accounts(s, 'mai', 'cuc', 'hoa');
    const { id } = await task(s, 'heads'), other = await task(s, 'north');
    await s.must('task', 'delegate', id, 'cuc', '--as', 'mai');
    await off(s, 'mai');
    await off(s, 'hoa');
    await orphaned(s, other.id);
    await settled(s);
    assert.equal((await show(s, id)).orphan, undefined);
    await off(s, 'cuc');
    await orphaned(s, id);
    await on(s, 'cuc');
    await rescued(s, id);
    await decided(s, id, 'cuc');
    await s.stop();
  });

  it('of two holders one wrote the text, and the other cannot sign in', async () => {
    const s = await start();
    await s.org({ holders: [{ position: 'clerk', unit: 'north', person: 'mai', from: '2020-01-01' }] });
    const north = (await s.must('org', 'units')).find((u) => u.code === 'north').id;
    const order = (await s.as('mai')('POST', '/api/content/order', { title: 'One', unit: north })).json;
    await accounts(s, 'hoa', 'cuc');
    const { id } = await task(s, 'order', { id: order.id });
    await settled(s);
    assert.equal((await show(s, id)).orphan, undefined);
    await off(s, 'hoa');
    await orphaned(s, id);
    await on(s, 'hoa');
    await rescued(s, id);
    await s.must('task', 'delegate', id, 'cuc', '--as', 'hoa');
    await off(s, 'hoa');
    await settled(s);
    assert.equal((await show(s, id)).orphan, undefined, 'to whom it was handed is no author');
    await decided(s, id, 'cuc');
    await s.stop();
  });
});

const HOUR = 3600000;
// The service's own day in Asia/Ho_Chi_Minh; its clock is set by an offset, and runs.
const localDay = (at) => new Date(at + 7 * HOUR).toISOString().slice(0, 10);

// Before midnight all is as it was set; false when the machine was too slow to look before midnight.
async function before(lead) {
  const today = localDay(Date.now()), midnight = Date.parse(`${today}T17:00:00Z`), noon = midnight - 12 * HOUR;
  const s = await start({ org: PANEL, config: { clock_offset: noon - Date.now() } });
  const ends = { from: '2020-01-01', to: localDay(midnight) };
  await accounts(s, 'hoa', 'cuc');
  await s.org({ holders: [{ position: 'head', unit: 'north', person: 'mai', ...ends }], body_members: [{ body: 'panel', person: 'dao', ...ends }] });
  await s.must('delegation', 'add', '--from', 'hoa', '--to', 'an', '--until', today);
  await s.must('delegation', 'add', '--from', 'cuc', '--to', 'binh', '--since', localDay(midnight), '--until', localDay(midnight + 24 * HOUR));
  const held = [await task(s, 'heads'), await task(s, 'panel'), await task(s, 'north')].map((t) => t.id);
  const coming = (await task(s, 'south')).id;
  for (const who of ['hoa', 'cuc']) await off(s, who);
  await orphaned(s, coming);
  await settled(s);
  await accounts(s, 'mai');
  await s.must('task', 'claim', held[0], '--as', 'mai');
  s.config.clock_offset = midnight - lead - Date.now();
  await s.restart();
  const now = await Promise.all([...held, coming].map((id) => show(s, id)));
  if (Date.now() + s.config.clock_offset >= midnight) return s.stop().then(() => false);
  assert.deepEqual(now.map((t) => !!t.orphan), [false, false, false, true]);
  return { s, held, coming, midnight };
}

describe('midnight', () => {
  it('in a service that runs: what ends with the day makes orphans and is let go within the minute, and what begins mends them', { timeout: 120000 }, async () => {
    let at;
    for (let lead = 3000; !(at = await before(lead)); lead *= 2) assert.ok(lead < 30000, 'this machine is too slow');
    const { s, held, coming, midnight } = at;
    for (const id of held) {
      const t = await orphaned(s, id);
      assert.ok(t.orphan >= midnight && t.orphan < midnight + 60000, `${t.orphan - midnight} ms after midnight`);
    }
    assert.equal((await show(s, held[0])).claimed_by, undefined);
    await rescued(s, coming);
    await s.stop();
  });
});

describe('dates', () => {
  it('a holder whose time is over tomorrow, and a delegation that ends: found when the day comes', async () => {
    const s = await start();
    await s.org(gone('head', 'north', 'mai', day(2)));
    const run = await s.startFlow('t.heads'), [{ id }] = await s.open(run);
    assert.equal((await show(s, id)).orphan, undefined);
    s.config.clock_offset = 3 * 86400000;
    await s.restart();
    const t = await orphaned(s, id);
    assert.ok(t.to.some((x) => x.why === 'orphan'));
    await s.must('flow', 'cancel', run);
    await s.stop();
  });

  it('what a delegate has taken on goes back when the delegation ends', async () => {
    const s = await start();
    const run = await s.startFlow('t.north'), [{ id }] = await s.open(run);
    await s.stop();
    const sql = (text) => sqlite(s.data, text);
    const today = Date.parse(day()) / 86400000;
    sql(`insert into delegation(from_person, to_person, valid_from, valid_to, created_at) select f.id, t.id, ${today - 3}, ${today + 2}, 0 from person f, person t where f.code = 'hoa' and t.code = 'an'`);
    await s.start();
    const mine = (await s.as('an')('GET', '/api/inbox')).json.tasks;
    assert.deepEqual(mine.map((t) => t.id), [id]);
    assert.equal((await s.as('an')('POST', `/api/tasks/${id}/claim`, { until: '10d' })).status, 200);
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 409);
    s.config.clock_offset = 3 * 86400000;
    await s.restart();
    await s.until1('the claim goes', async () => !(await show(s, id)).claimed_by);
    assert.deepEqual(await kinds(s, id), ['claimed', 'went_back']);
    assert.equal((await s.as('an')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    await s.done(run);
    await s.stop();
  });
});

describe('units', () => {
  it('one that is merged leaves its tasks to the other; one that is abolished leaves an orphan', async () => {
    const s = await start();
    const merged = await s.startFlow('t.north'), [{ id }] = await s.open(merged);
    const south = (await s.must('org', 'units')).find((u) => u.code === 'south').id;
    await s.org({ successors: [{ unit: 'north', successor: 'south', day: day(-1), how: 'merge' }], ...gone('clerk', 'north', 'hoa') });
    const t = await s.until1('it moves', async () => { const x = await show(s, id); return x.to[0].unit === south && x; });
    assert.equal(t.orphan, undefined);
    assert.ok((await kinds(s, id)).includes('moved'));
    await s.restart();
    assert.equal((await s.as('cuc')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    assert.equal((await s.done(merged)).result.decision, 'approve');

    const heads = await s.startFlow('t.heads'), [other] = await s.open(heads);
    await s.org({ successors: [{ unit: 'north', day: day(-1), how: 'abolish' }], ...gone('head', 'north', 'mai') });
    await orphaned(s, other.id);
    await s.must('flow', 'cancel', heads);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });
});

// A unit is parted by the command that an office uses; the positions of the new units may still be empty.
const split = (s, into, on = day(-1)) => s.must('org', 'split', 'north', '--into', into, '--day', on);
const PARTS = { units: ['east', 'west'].map((code) => ({ code, name: code, kind: 'commune', parent: 'province', from: '2021-01-01' })) };
const staffed = (s, ...holders) => s.org({ holders: holders.map(([position, unit, person]) => ({ position, unit, person, from: '2021-01-01' })) });

describe('a unit that is split', () => {
  it('leaves an open task to all its successors: who decides first has decided; all of them are told, and the report says so', async () => {
    const s = await start();
    await s.org(PARTS);
    await staffed(s, ['clerk', 'east', 'dao'], ['clerk', 'west', 'tam']);
    const ids = await unitIds(s), run = await s.startFlow('t.north'), [{ id }] = await s.open(run);
    await split(s, 'east,west');
    const t = await s.until1('it moves', async () => { const x = await show(s, id); return x.to.length === 2 && x; });
    assert.deepEqual(t.to.map((x) => [x.position, x.unit]).toSorted(), [['clerk', ids.east], ['clerk', ids.west]].toSorted());
    assert.equal(t.orphan, undefined);
    const [told] = (await s.must('task', 'history', id)).filter((l) => l.kind === 'split');
    assert.deepEqual(told.text.split(/ > |, /).map(Number).toSorted(), [ids.north, ids.east, ids.west].toSorted());
    for (const who of ['dao', 'tam']) {
      assert.ok((await s.as(who)('GET', '/api/inbox')).json.tasks.some((x) => x.id === id), who);
      await s.until1(`${who} is told`, async () => (await s.as(who)('GET', '/api/notices')).json.some((n) => n.kind === 'task.reassigned'));
    }
    const report = await s.must('task', 'unit-handover', 'north');
    assert.deepEqual([report.ended, report.successors.map((u) => u.code).toSorted(), report.tasks, report.moved.map((x) => [x.id, x.open, x.anybody])],
      [true, ['east', 'west'], [], [[id, true, true]]], JSON.stringify(report));
    assert.deepEqual((await s.as('lan')('GET', `/api/units/${ids.north}/handover`)).json.moved, report.moved);
    assert.equal((await s.as('lan')('GET', '/api/units/nowhere/handover')).status, 404);
    assert.equal((await s.as('tam')('GET', '/api/units/north/handover')).status, 403);
    await s.restart();
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403, 'the clerk of the unit that is no more');
    const both = await Promise.all(['dao', 'tam'].map((who) => s.as(who)('POST', `/api/tasks/${id}/decide`, { decision: who === 'dao' ? 'approve' : 'return', comment: who })));
    assert.deepEqual(both.map((r) => r.status).toSorted(), [200, 409]);
    assert.equal((await s.done(run)).result.decision, both[0].status === 200 ? 'approve' : 'return');
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('a task about an item that was given to one of them goes there alone', async () => {
    const s = await start({ config: {} });
    await s.org(PARTS);
    await staffed(s, ['clerk', 'east', 'dao'], ['clerk', 'west', 'tam']);
    const ids = await unitIds(s), note = (await s.as('mai')('POST', '/api/content/note', { title: 'One', unit: ids.north })).json;
    const run = await s.must('flow', 'start', 't.about', '--input', JSON.stringify({ id: note.id })).then((r) => r.id ?? r), [{ id }] = await s.open(run);
    assert.equal((await s.as('lan')('PATCH', `/api/content/note/${note.id}`, { unit: ids.west }, { 'if-match': `"${note.hash}"` })).status, 200);
    await split(s, 'east,west');
    const t = await s.until1('it moves', async () => { const x = await show(s, id); return x.to[0].unit === ids.west && x; });
    assert.equal(t.to.length, 1);
    assert.equal((await s.as('dao')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    assert.equal((await s.as('tam')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    await s.done(run);
    await s.stop();
  });

  it('nobody serves in the new units yet: an orphan, asked of those above; when somebody comes it is theirs', async () => {
    const s = await start();
    await s.org(PARTS);
    const run = await s.startFlow('t.heads'), [{ id }] = await s.open(run);
    await split(s, 'east,west');
    const t = await orphaned(s, id);
    assert.ok(t.to.some((x) => x.why === 'orphan' && x.position === 'head'));
    assert.equal((await s.must('task', 'unit-handover', 'north')).moved.length, 1);
    await staffed(s, ['head', 'west', 'tam']);
    await s.until1('it is no orphan', async () => !(await show(s, id)).orphan);
    assert.equal((await s.as('lan')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 403);
    assert.equal((await s.as('tam')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    await s.done(run);
    await s.stop();
  });

  it('one that goes on under its name keeps its tasks; a successor that ends, too, hands on; what is asked of the old unit later is asked of them', async () => {
    const s = await start();
    await s.org(PARTS);
    await staffed(s, ['clerk', 'east', 'dao'], ['clerk', 'west', 'tam']);
    const ids = await unitIds(s), run = await s.startFlow('t.north'), [{ id }] = await s.open(run);
    await split(s, 'north,east', day(-3));
    assert.deepEqual((await show(s, id)).to.map((x) => x.unit), [ids.north]);
    assert.equal((await s.must('task', 'unit-handover', 'north')).tasks.length, 1);
    await s.must('org', 'abolish', 'north', '--into', 'east', '--day', day(-2));
    await s.until1('it moves', async () => (await show(s, id)).to[0].unit === ids.east);
    await s.must('org', 'merge', 'east', '--into', 'west', '--day', day(-1));
    await s.until1('it moves on', async () => (await show(s, id)).to[0].unit === ids.west);
    const late = await s.startFlow('t.north'), [other] = await s.open(late);
    await s.until1('the new one follows', async () => (await show(s, other.id)).to[0].unit === ids.west);
    assert.equal((await s.as('tam')('POST', '/api/tasks/decide', { tasks: [id, other.id], answer: { decision: 'approve' } })).status, 200);
    for (const r of [run, late]) assert.equal((await s.done(r)).result.decision, 'approve');
    await s.stop();
  });
});

describe('a unit that is split into many, with many tasks', () => {
  it('leaves them to all of them; the report says that there are more than it lists', async () => {
    const s = await office(flow('many', `local asks = {}
for i = 1, 200 do asks[i] = { to = { position = "clerk", unit = unit("north") }, title = "T" .. i } end
return run:ask_all(asks)`) + SOURCE);
    const codes = Array.from({ length: 70 }, (_, i) => `part${i}`);
    await s.org({ units: codes.map((code) => ({ code, name: code, kind: 'commune', parent: 'province', from: '2021-01-01' })) });
    const runs = [];
    for (let i = 0; i < 6; i++) runs.push(await s.startFlow('t.many'));
    let report = await s.until1('all of them', async () => { const r = await s.must('task', 'unit-handover', 'north'); return r.more && r; });
    assert.equal(report.tasks.length, 1000);
    for (const run of runs) await s.must('flow', 'cancel', run);
    const one = await s.startFlow('t.north'), [{ id }] = await s.open(one);
    await split(s, codes.join(','));
    const t = await s.until1('it moves', async () => { const x = await show(s, id); return x.to.length > 1 && x; });
    assert.equal(new Set(t.to.filter((x) => x.why !== 'orphan').map((x) => x.unit)).size, 70);
    report = await s.must('task', 'unit-handover', 'north');
    assert.deepEqual([report.successors.length, report.moved.map((x) => x.id)], [70, [id]]);
    await s.stop();
  });
});

describe('the hand-over report', () => {
  it('lists tasks, runs and delegations, as of the day before somebody left', async () => {
    const s = await start();
    const run = await s.startFlow('t.north'), [{ id }] = await s.open(run);
    await s.org(gone('clerk', 'north', 'hoa', day(-1)));
    await orphaned(s, id).catch(() => null);
    assert.equal((await s.must('task', 'handover', 'hoa')).tasks.length, 0);
    const before = await s.must('task', 'handover', 'hoa', '--at', day(-3));
    assert.deepEqual(before.tasks.map((t) => [t.id, t.others]), [[id, false]]);
    assert.equal(before.positions[0].position, 'clerk');
    const r = await s.as('lan')('GET', '/api/persons/hoa/handover');
    assert.equal(r.status, 200, r.text);
    assert.deepEqual((await s.as('lan')('GET', `/api/persons/${r.json.person.id}/handover`)).json.person, r.json.person);
    assert.equal((await s.as('cuc')('GET', '/api/persons/hoa/handover')).status, 403);
    await s.stop();
  });
});
