// Who may do what, beyond content: every verb of tasks, runs, people and the audit, by every role, inside and outside the unit and untied, in
// every state, over REST, against tables written by hand.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve, write } from '../lib/khung.mjs';
import { join } from 'node:path';

const SOURCE = `
flow.define("ask", { input = {} }, function(run)
  return run:ask { to = { position = "head", unit = people.unit("inside") }, title = "Yes?", form = { decision = "choice:approve,return!" } }.decision
end)
flow.define("about", { input = {} }, function(run)
  local note = content.create("note", { title = "One" })
  return run:ask { to = { position = "head", unit = people.unit("inside") }, title = "Read?", about = note, form = { decision = "choice:approve,return!" } }.voided
end)
flow.define("vacant", { input = {} }, function(run)
  return run:ask { to = { position = "vacant", unit = people.unit("inside") }, title = "Who?", form = { decision = "choice:approve,return!" } }.decision
end)
content.type("note", { fields = { title = "text!" }, title = "title", unit = true })
flow.define("quick", { input = {} }, function(run) return 1 end)
`;
// A run that was started by the first of these and is put on the second does another thing at its first step: it is blocked.
const TURNS = (first) => `flow.define("turns", { input = {} }, function(run) storage.kv.set("${first}", 1) run:wait("go") return 1 end)
flow.define("wait_back", { input = {} }, function(run) run:wait("back") end)
flow.define("undone", { input = {} }, function(run) run:compensate("wait_back", {}) run:wait("go") end)`;
const BROKEN = 'flow.define("broken", { retry = { times = 0 } }, function(run) error("no") end)';
// A role, and what it allows. Where it is held: in the unit of the thing, beside it, or tied to none.
const ROLES = { nobody: [], starter: ['flow.start'], reader: ['flow.read'], operator: ['flow.*'], manager: ['task.reassign'], linker: ['task.link'], loosener: ['flow.operate@blocked'], undoer: ['flow.operate@undoing'], clerk: ['flow.start', 'flow.read'], mender: ['flow.operate@failed'], organiser: ['people.*'], auditor: ['audit.read'], privacy: ['audit.erase'] };
const WHERE = ['in', 'out', 'all'];
// Besides: who holds the position that is asked; the administrator of the system; nobody at all.
const ACTORS = [...Object.keys(ROLES).flatMap((r) => WHERE.map((w) => `${r}_${w}`)), 'head_in', 'head_out', 'root', 'anonymous'];

const every = (...roles) => roles.flatMap((r) => WHERE.map((w) => `${r}_${w}`));
// verb: who may. Runs and tasks are read by right of flow.read, wherever it is held: a run has no unit.
const MAY = {
  'task.see': ['head_in', ...every('reader', 'operator', 'clerk')],
  'task.history': ['head_in', ...every('reader', 'operator', 'clerk')],
  'task.claim': ['head_in'],
  'task.decide': ['head_in'],
  'task.delegate': ['head_in'],
  'task.release': ['manager_in', 'manager_all'], // another's claim
  'task.reassign': ['manager_in', 'manager_all'],
  'task.comment': ['head_in', ...every('reader', 'operator', 'clerk')],
  'task.comments': ['head_in', ...every('reader', 'operator', 'clerk')],
  'task.attach': ['head_in', ...every('reader', 'operator', 'clerk')],
  'task.hand_back': ['head_in'],
  'task.link': ['linker_in', 'linker_all'],
  'run.history': every('reader', 'operator', 'clerk'),
  'run.pause': [...every('operator'), 'root'],
  'run.resume': [...every('operator'), 'root'],
  'run.see': every('reader', 'operator', 'clerk'),
  'run.start': every('starter', 'operator', 'clerk'),
  'run.signal': [...every('operator'), 'root'],
  'run.cancel': [...every('operator'), 'root'],
  'run.retry': [...every('operator'), 'root'],
  'people.change': ['organiser_in', 'organiser_all'],
  'people.delegate': ['organiser_in', 'organiser_all'], // for another, within the unit
  'people.delegate_all': ['organiser_in', 'organiser_all'], // all that a person of the unit holds
  'people.delegate_whole': ['organiser_all'], // all that one holds who holds something everywhere
  'people.import': ['organiser_all', 'root'],
  'people.export': ['organiser_all', 'root'],
  'audit.search': ['auditor_all'],
  'audit.export': ['auditor_all'],
  'audit.erase_preview': ['privacy_all'],
  'audit.erase': ['privacy_all'],
  'audit.erasures': ['privacy_all'],
  'audit.verify': ['root'],
};
// What a role allows beside that in some states of a run: flow.operate@failed.
const EACH = (who) => Object.fromEntries(['signal', 'cancel', 'retry', 'pause', 'resume'].map((verb) => [verb, who]));
const BOUND = { blocked: EACH(every('loosener')), undoing: EACH(every('undoer')), failed: { signal: every('mender'), cancel: every('mender'), retry: every('mender'), pause: every('mender'), resume: every('mender') } };
// In which states of the thing a verb leads on. Voided: the text was changed, and it is asked again; orphaned: nobody is asked.
const OVER = ['decided', 'voided', 'cancelled'];
// Who was asked in vain sees why (voided); of what was cancelled they see nothing.
const ASKED = { orphaned: [], cancelled: [], voided: ['see', 'history', 'comments', 'comment', 'attach', 'release', 'claim', 'decide', 'delegate', 'hand_back'] };
const STATES = { task: ['open', 'claimed', 'orphaned', ...OVER], run: ['running', 'completed', 'failed', 'cancelled', 'blocked', 'undoing'] };
const STILL = ['open', 'claimed', 'orphaned'];
const FITS = {
  'task.see': STATES.task, 'task.history': STATES.task, 'task.comments': STATES.task, 'task.claim': STILL, 'task.decide': [...STILL, 'decided'], /* the same answer once more is no harm */ 'task.delegate': STILL,
  'task.release': STILL, 'task.reassign': STILL, 'task.comment': STILL, 'task.attach': STILL, 'task.hand_back': [], 'task.link': ['open', 'claimed'],
  'run.see': STATES.run, 'run.history': STATES.run, 'run.start': [''], 'run.signal': ['running', 'failed', 'blocked', 'undoing'], 'run.cancel': ['running', 'failed', 'cancelled', 'blocked', 'undoing'], // once more is no harm
  'run.retry': ['failed', 'blocked'], 'run.pause': ['running', 'failed', 'blocked', 'undoing'], 'run.resume': ['running', 'failed', 'blocked', 'undoing'],
};

let s, tokens, ids, codes = 0;
const turning = []; // runs of the source that was before
const bearer = (who) => ({ authorization: tokens[who] ? `Bearer ${tokens[who]}` : undefined });
const ask = (who, method, path, body) => s.request(method, path, body, bearer(who));

before(async () => {
  const dir = folder();
  plugin(dir, 'p', SOURCE, { needs: '{ "flow", "people", "content" }' });
  plugin(dir, 'c', TURNS('old'), { needs: '{ "flow", "storage" }' });
  plugin(dir, 'b', BROKEN, { needs: '{ "flow" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  s.token = undefined;
  const people = ACTORS.filter((a) => !['root', 'anonymous'].includes(a));
  const more = ['second', 'giver', 'everywhere'];
  write(join(dir, 'o.json'), JSON.stringify({
    units: [{ code: 'top', name: 'Top', kind: 'unit', from: '2020-01-01' }, { code: 'inside', name: 'In', kind: 'unit', parent: 'top', from: '2020-01-01' },
      { code: 'outside', name: 'Out', kind: 'unit', parent: 'top', from: '2020-01-01' }],
    positions: [{ code: 'head', title: 'Head' }, { code: 'deputy', title: 'Deputy' }, { code: 'vacant', title: 'Vacant' }],
    persons: [...people, ...more].map((code) => ({ code, name: `Person ${code}` })),
    users: [...people, ...more].map((name) => ({ name, person: name })),
    holders: [['head', 'inside', 'head_in'], ['head', 'outside', 'head_out'], ['deputy', 'inside', 'second'], ['deputy', 'inside', 'giver']].map(([position, unit, person]) => ({ position, unit, person, from: '2020-01-01' })),
    role_holders: [{ person: 'everywhere', role: 'operator' }],
    roles: Object.entries(ROLES).filter(([, verbs]) => verbs.length).map(([name, verbs]) => ({ name, verbs })),
  }));
  await s.must('org', 'import', join(dir, 'o.json'));
  ids = Object.fromEntries((await s.must('org', 'units')).map((u) => [u.code, u.id]));
  tokens = {};
  for (const a of people) {
    const [role, where] = a.split('_');
    if (ROLES[role]?.length) await s.must('user', 'role', a, role, ...(where === 'all' ? [] : [where === 'in' ? 'inside' : 'outside']));
    tokens[a] = (await s.must('user', 'token', a)).token;
  }
  await s.must('user', 'add', 'root', '--admin');
  tokens.root = (await s.must('user', 'token', 'root')).token;
  for (let i = 0; i < 45; i++) turning.push((await s.rpc('run.start', ['c.turns', {}])).json.id);
  for (const id of turning) while (!(await s.rpc('run.history', [id])).json.some((e) => e.type === 'wait')) await pause(5);
  plugin(dir, 'c', TURNS('new'), { needs: '{ "flow", "storage" }' });
  await s.must('plugin', 'reload', 'c');
});
after(() => s?.stop());

async function run(state) {
  // What fails too often is switched off.
  if (state === 'failed') assert.equal((await s.rpc('plugin.enable', ['b'])).status, 204);
  if (state === 'blocked') {
    const id = turning.pop();
    assert.equal((await ask('operator_all', 'POST', `/api/runs/${id}/retry`, { upgrade: true })).status, 204);
    return comes(id, state);
  }
  const flow = { running: 'p.ask', completed: 'p.quick', failed: 'b.broken', cancelled: 'p.ask', undoing: 'c.undone' }[state];
  const r = await ask('operator_all', 'POST', '/api/runs', { flow, input: {} });
  assert.equal(r.status, 201, r.text);
  if (['cancelled', 'undoing'].includes(state)) assert.equal((await ask('operator_all', 'POST', `/api/runs/${r.json.id}/cancel`, { reason: 'x' })).status, 204);
  return comes(r.json.id, state);
}

async function comes(id, state) {
  for (let i = 0; ; i++, await pause(10)) {
    const now = (await ask('operator_all', 'GET', `/api/runs/${id}`)).json.state;
    if (now === state) return id;
    assert.ok(i < 300, `${now}, not ${state}`);
  }
}

async function task(state) {
  const flow = { voided: 'p.about', orphaned: 'p.vacant' }[state] ?? 'p.ask';
  const r = await ask('operator_all', 'POST', '/api/runs', { flow, input: {} });
  let t;
  for (let i = 0; !t; i++, await pause(5)) {
    t = (await ask('operator_all', 'GET', '/api/tasks?all=true&limit=20')).json.find((x) => x.run === r.json.id);
    if (i === 300) throw new Error(`the task does not come: ${(await s.cli('flow', 'show', r.json.id)).out}`);
  }
  if (state === 'claimed') assert.equal((await ask('head_in', 'POST', `/api/tasks/${t.id}/claim`, {})).status, 200);
  if (state === 'voided') assert.equal((await s.rpc('content.edit', [t.about, { title: 'Another' }])).status, 200);
  if (state === 'cancelled') assert.equal((await ask('operator_all', 'POST', `/api/runs/${t.run}/cancel`, { reason: 'x' })).status, 204);
  if (state === 'decided') assert.equal((await ask('head_in', 'POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 200);
  return t.id;
}

const TASK = {
  see: ['GET', ''], history: ['GET', '/history'], claim: ['POST', '/claim', {}], decide: ['POST', '/decide', { decision: 'approve' }],
  delegate: ['POST', '/delegate', { person: 'giver' }], release: ['POST', '/release', {}], reassign: ['POST', '/reassign', { to: { person: 'second' }, reason: 'r' }],
  comment: ['POST', '/comments', { text: 'hm' }], comments: ['GET', '/comments'], attach: ['POST', '/attach', { files: [], text: 'hm' }], hand_back: ['POST', '/hand_back', {}],
  link: ['POST', '/link', { person: 'head_in' }],
};
const RUN = { see: ['GET', ''], history: ['GET', '/history'], pause: ['POST', '/pause', {}], resume: ['POST', '/resume', {}], signal: ['POST', '/signal', { name: 'x' }], cancel: ['POST', '/cancel', { reason: 'r' }], retry: ['POST', '/retry', {}] };

function check(what, r, may, fits, isOver = !fits) {
  const line = `${what}: ${r.status} ${r.text.slice(0, 250)}`;
  if (may && fits) assert.ok(r.status >= 200 && r.status < 300, line);
  else if (may) assert.ok([409, 422].includes(r.status), line);
  // What is over may be told as over before it is asked who wants it.
  else assert.ok([401, 403, ...(isOver ? [409] : [])].includes(r.status), line);
}

for (const state of STATES.task)
  test(`tasks that are ${state}`, async () => {
    let id; // used until somebody has changed it
    for (const [verb, [method, path, body]] of Object.entries(TASK))
      for (const who of ACTORS) {
        id ??= await task(state);
        const r = await ask(who, method, `/api/tasks/${id}${path}`, body);
        let may = MAY[`task.${verb}`].includes(who) && (who !== 'head_in' || (ASKED[state] ?? [verb]).includes(verb));
        if (verb === 'release' && who === 'head_in') may = true; // one's own
        // Nothing is claimed: there is nothing to release, for anybody who is somebody.
        if (verb === 'release' && state !== 'claimed' && who !== 'anonymous') may = true;
        check(`${verb} of ${state} by ${who}`, r, may, FITS[`task.${verb}`].includes(state), OVER.includes(state));
        if (!may && !OVER.includes(state)) assert.equal((await ask('head_in', 'GET', `/api/tasks/${id}`)).json.may_decide, state === 'orphaned' ? undefined : true, `${verb} by ${who} changed it`);
        if (may && method === 'POST' && verb !== 'comment' && !OVER.includes(state)) id = undefined;
      }
  });

for (const state of STATES.run)
  test(`runs that are ${state}`, async () => {
    let id;
    for (const [verb, [method, path, body]] of Object.entries(RUN))
      for (const who of ACTORS) {
        id ??= await run(state);
        const r = await ask(who, method, `/api/runs/${id}${path}`, body);
        const may = [...MAY[`run.${verb}`], ...(BOUND[state]?.[verb] ?? [])].includes(who);
        check(`${verb} of ${state} by ${who}`, r, may, FITS[`run.${verb}`].includes(state));
        if (!may) assert.equal((await ask('operator_all', 'GET', `/api/runs/${id}`)).json.state, state);
        if (may && method === 'POST' && !['pause', 'resume'].includes(verb)) id = undefined;
      }
  });

// By the command line the same rules hold, whose it is decides: here of the states that only an incident or an undoing brings.
for (const [state, own] of [['blocked', 'loosener'], ['undoing', 'undoer']])
  test(`runs that are ${state}, by the command line`, async () => {
    const words = { see: ['show'], history: ['history'], pause: ['pause'], resume: ['resume'], signal: ['signal', 'x'], cancel: ['cancel'], retry: ['retry'] };
    let id;
    for (const [verb, [command, ...more]] of Object.entries(words))
      for (const who of ['nobody_in', 'reader_in', 'reader_out', 'operator_in', 'operator_out', 'mender_all', `${own}_in`, `${own}_out`, 'head_in', 'root']) {
        id ??= await run(state);
        const r = await s.cli('flow', command, id, ...more, '--as', who);
        const may = [...MAY[`run.${verb}`], ...(BOUND[state][verb] ?? [])].includes(who) && FITS[`run.${verb}`].includes(state);
        assert.equal(r.code, may ? 0 : 1, `${verb} of ${state} by ${who}: ${r.out}${r.err}`);
        if (!may) assert.equal((await ask('operator_all', 'GET', `/api/runs/${id}`)).json.state, state);
        if (may && !['see', 'history', 'pause', 'resume'].includes(verb)) id = undefined;
      }
  });

test('what is undoing is cancelled when its compensation has ended, and not before', async () => {
  const id = await run('undoing');
  const child = (await s.rpc('run.list', [{ flow: 'c.wait_back', state: 'running', sort: '-id', limit: 1 }])).json[0].id;
  assert.equal((await ask('undoer_in', 'POST', `/api/runs/${child}/cancel`, { reason: 'x' })).status, 403, 'it runs itself: who may operate undoing runs does not stop it');
  assert.equal((await ask('operator_in', 'POST', `/api/runs/${id}/cancel`, { reason: 'again' })).status, 204);
  assert.equal((await ask('operator_in', 'GET', `/api/runs/${id}`)).json.state, 'undoing');
  assert.equal((await ask('operator_all', 'POST', `/api/runs/${child}/signal`, { name: 'back' })).status, 204);
  await comes(id, 'cancelled');
});

test('a run is started, the organisation is changed, people act for others, files go in and out', async () => {
  const day = () => ({ since: `2035-0${1 + codes % 9}-${10 + codes % 18}`, until_: `2035-0${1 + codes % 9}-${10 + codes++ % 18}` }); // its own: none twice
  const verbs = {
    'run.start': (who) => ask(who, 'POST', '/api/runs', { flow: 'p.quick', input: {} }),
    'people.change': (who) => ask(who, 'POST', '/api/org/change', { change: { how: 'rename', unit: 'inside', name: `In ${codes++}` }, options: { dry_run: true } }),
    'people.delegate': (who) => ask(who, 'POST', '/api/delegations', { from: 'giver', to: 'second', scope: { position: 'deputy', unit: 'inside' }, ...day() }),
    'people.delegate_all': (who) => ask(who, 'POST', '/api/delegations', { from: 'giver', to: 'second', ...day() }),
    'people.delegate_whole': (who) => ask(who, 'POST', '/api/delegations', { from: 'everywhere', to: 'second', ...day() }),
    'people.import': (who) => ask(who, 'POST', '/api/org/import', { lists: { persons: [{ code: `new${codes++}`, name: 'New' }] } }),
    'people.export': (who) => ask(who, 'GET', '/api/org/export'),
  };
  for (const [verb, call] of Object.entries(verbs))
    for (const who of ACTORS) check(`${verb} by ${who}`, await call(who), MAY[verb].includes(who), true);
});

test('one\'s own powers are delegated by everybody, and nobody else\'s', async () => {
  const r = await ask('head_out', 'POST', '/api/delegations', { from: 'head_out', to: 'second', scope: { position: 'head', unit: 'outside' }, until_: '2035-12-31' });
  assert.equal(r.status, 201, r.text);
  const other = await ask('head_out', 'POST', '/api/delegations', { from: 'head_in', to: 'head_out', until_: '2035-12-31' });
  assert.equal(other.status, 403);
});

test('the audit is searched, exported, verified and erased by who holds the right for the whole organisation', async () => {
  const verbs = {
    'audit.search': (who) => ask(who, 'GET', '/api/audit?limit=1'),
    'audit.export': (who) => ask(who, 'GET', '/api/audit/export?from=2035-01-01'.replace('from', 'since')),
    'audit.erase_preview': (who) => ask(who, 'GET', '/api/audit/erasures/preview?person=everywhere'),
    'audit.erase': (who) => ask(who, 'POST', '/api/audit/erasures', { person: 'everywhere', reason: 'matrix' }),
    'audit.erasures': (who) => ask(who, 'GET', '/api/audit/erasures'),
    'audit.verify': (who) => ask(who, 'GET', '/api/audit/verify'),
  };
  for (const [verb, call] of Object.entries(verbs))
    for (const who of ACTORS) check(`${verb} by ${who}`, await call(who), MAY[verb].includes(who), true);
});

test('the same by the command line: as whom decides, not from where', async () => {
  for (const who of ['auditor_in', 'auditor_all', 'privacy_all', 'organiser_out', 'organiser_all', 'root']) {
    const code = async (...words) => (await s.cli(...words, '--as', who)).code;
    assert.equal(await code('audit', 'list', '--limit', 1), MAY['audit.search'].includes(who) ? 0 : 1, who);
    assert.equal(await code('audit', 'erasures'), MAY['audit.erasures'].includes(who) ? 0 : 1, who);
    assert.equal(await code('audit', 'verify'), MAY['audit.verify'].includes(who) ? 0 : 1, who);
    assert.equal(await code('org', 'export', '-'), MAY['people.export'].includes(who) ? 0 : 1, who);
  }
});
