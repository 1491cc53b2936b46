// Who may do what: every verb of content, as every role, inside and outside the unit, in every state, over REST, against tables written by
// hand. And the ways around the page that others left open.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, plugin, serve } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';

const SOURCE = `
content.type("paper", { fields = { title = "text!" }, title = "title", unit = true, approval = true })
`;
const STATES = ['draft', 'in_review', 'approved', 'scheduled', 'published', 'retracted', 'archived'];
const VERBS = ['edit', 'submit', 'approve', 'send_back', 'schedule', 'publish', 'correct', 'retract', 'archive', 'draft'];

// What a role allows in its unit and below: yes, wherever the state allows it.
const ROLES = {
  nobody: [],
  reader: ['draft'],
  author: ['edit', 'submit', 'draft'],
  editor: VERBS,
  clerk: [], // rows of tables and runs
  operator: [],
  auditor: [],
  organiser: [],
  privacy: [],
  drafter: ['edit', 'submit', 'draft'], // of the organisation's own, bound to states
  system: [], // the administrator of the system
  anonymous: [],
};

// From which states a verb leads on (with an approval where one is asked for: publish and schedule).
const ALLOWED = {
  edit: STATES, // of what is scheduled or approved, too: that voids the approval, and without one nothing is published
  submit: ['draft', 'retracted', 'archived'],
  approve: ['draft', 'in_review'],
  send_back: ['draft', 'in_review', 'approved', 'scheduled'],
  schedule: ['approved', 'scheduled'],
  publish: ['approved', 'scheduled'],
  correct: ['published'],
  retract: ['published'],
  archive: ['draft', 'in_review', 'approved', 'scheduled', 'published', 'retracted'],
  draft: STATES,
};
// Where a role is bound to states it allows there alone: content.edit@draft content.submit content.read_draft@draft …
const BOUND = { drafter: { edit: ['draft', 'retracted'], submit: STATES, draft: ['draft', 'in_review', 'retracted'] } };

let s, ids, tokens;
const at = () => '2035-01-01T08:00:00Z';
const BODY = {
  edit: () => ({ title: `T${Math.random()}` }), submit: () => ({}), approve: () => ({}), send_back: () => ({ comment: 'no' }),
  schedule: () => ({ at: at() }), publish: () => ({}), correct: () => ({ fields: { title: `C${Math.random()}` }, note: 'a slip' }),
  retract: () => ({ reason: 'wrong' }), archive: () => ({ reason: 'old' }),
};

function ask(verb, id, token) {
  const path = `/api/content/paper/${id}`, headers = { authorization: token && `Bearer ${token}` };
  if (verb === 'draft') return s.request('GET', `${path}/draft`, undefined, headers);
  if (verb === 'edit') return s.request('PATCH', path, BODY.edit(), { ...headers, 'if-match': '*' });
  return s.request('POST', `${path}/${verb}`, BODY[verb](), { ...headers, 'if-match': '*' });
}

const must = async (verb, id, token) => {
  const r = await ask(verb, id, token);
  assert.equal(r.status, 200, `${verb}: ${r.text}`);
};

// A paper of the unit `inside`, written by one editor and approved by another, in a state.
async function paper(state) {
  const r = await s.request('POST', '/api/content/paper', { title: `Paper ${Math.random()}`, unit: ids.inside }, { authorization: `Bearer ${tokens.writer}` });
  assert.equal(r.status, 201, r.text);
  const id = r.json.id;
  const way = {
    draft: [], in_review: ['submit'], approved: ['submit', 'approve'], scheduled: ['submit', 'approve', 'schedule'],
    published: ['submit', 'approve', 'publish'], retracted: ['submit', 'approve', 'publish', 'retract'],
    archived: ['submit', 'approve', 'publish', 'archive'],
  }[state];
  for (const verb of way) await must(verb, id, verb === 'submit' ? tokens.writer : tokens.second);
  const now = await ask('draft', id, tokens.second);
  assert.equal(now.json.state, state);
  return id;
}

before(async () => {
  const dir = folder();
  plugin(dir, 'papers', SOURCE, { needs: '{ "content", "content:publish" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  const unit = (code, parent) => ({ code, name: code, kind: 'unit', from: '2020-01-01', ...(parent ? { parent } : {}) });
  const names = [...Object.keys(ROLES).filter((r) => !['system', 'anonymous'].includes(r)), 'writer', 'second'];
  const persons = names.flatMap((n) => [`${n}_in`, `${n}_out`]).map((code) => ({ code, name: code }));
  const org = join(dir, 'more.json');
  writeFileSync(org, JSON.stringify({
    units: [unit('top'), unit('inside', 'top'), unit('outside', 'top')],
    persons, users: persons.map((p) => ({ name: p.code, person: p.code })),
    roles: [{ name: 'drafter', verbs: ['content.edit@draft', 'content.edit@retracted', 'content.submit', 'content.read_draft@draft', 'content.read_draft@in_review', 'content.read_draft@retracted'] }],
  }));
  await s.must('org', 'import', org);
  ids = Object.fromEntries((await s.must('org', 'units')).map((u) => [u.code, u.id]));
  tokens = {};
  for (const where of ['in', 'out'])
    for (const n of names) {
      const role = { writer: 'editor', second: 'editor', nobody: null }[n] === undefined ? n : { writer: 'editor', second: 'editor' }[n];
      if (role) await s.must('user', 'role', `${n}_${where}`, role, where === 'in' ? 'inside' : 'outside');
      tokens[`${n}_${where}`] = (await s.must('user', 'token', `${n}_${where}`)).token;
    }
  Object.assign(tokens, { writer: tokens.writer_in, second: tokens.second_in });
  await s.must('user', 'add', 'root', '--admin');
  tokens.system_in = tokens.system_out = (await s.must('user', 'token', 'root')).token;
});
after(() => s?.stop());

for (const state of STATES)
  test(`every verb by every role on what is ${state}`, async () => {
    let id; // used until somebody has changed it
    for (const verb of VERBS)
      for (const role of Object.keys(ROLES))
        for (const where of ['in', 'out']) {
          const may = where === 'in' && ROLES[role].includes(verb) && (BOUND[role]?.[verb] ?? STATES).includes(state), fits = ALLOWED[verb].includes(state);
          id ??= await paper(state);
          const r = await ask(verb, id, tokens[`${role}_${where}`]);
          const what = `${verb} of ${state} by ${role} ${where}: ${r.status} ${r.text.slice(0, 200)}`;
          // Whoever may not read drafts gets what is public, or learns nothing.
          const reads = verb === 'draft' && !may && !['anonymous'].includes(role);
          if (reads) assert.equal(r.status, state === 'published' ? 200 : 404, what);
          else if (may && fits) assert.equal(r.status, 200, what);
          else if (may) assert.ok([409, 422].includes(r.status), what);
          else assert.ok([401, 403].includes(r.status), what);
          if (r.status !== 200) assert.equal((await ask('draft', id, tokens.second)).json.state, state, what);
          if (may && verb !== 'draft') id = undefined;
        }
  });

test('an author, or who handed it in, does not approve: over REST, by a role, or as another\'s answer', async () => {
  const id = await paper('in_review');
  const own = await ask('approve', id, tokens.writer);
  assert.equal(own.status, 403);
  assert.equal(own.json.code, 'denied.separation');
  const forged = await s.request('POST', `/api/content/paper/${id}/approve`, { by: { decision: 'approve', by: 1 } }, { authorization: `Bearer ${tokens.writer}`, 'if-match': '*' });
  assert.equal(forged.status, 403);
  await must('edit', id, tokens.second);
  assert.equal((await ask('approve', id, tokens.second)).status, 403, 'who edited it meanwhile wrote it, too');
  await must('approve', id, tokens.editor_in);
});

test('an approval says which text was read: without that it is asked for, and of a text that has changed since it is refused', async () => {
  const id = await paper('in_review'), path = `/api/content/paper/${id}/approve`, who = { authorization: `Bearer ${tokens.second}` };
  const read = (await ask('draft', id, tokens.second)).headers.etag;
  assert.deepEqual([(await s.request('POST', path, {}, who)).status, (await ask('draft', id, tokens.second)).json.state], [428, 'in_review']);
  await must('edit', id, tokens.writer);
  assert.equal((await s.request('POST', path, {}, { ...who, 'if-match': read })).status, 412);
  const now = (await ask('draft', id, tokens.second)).headers.etag;
  assert.equal((await s.request('POST', path, {}, { ...who, 'if-match': now })).status, 200);
});

test('why and who-can of an item speak of its state', async () => {
  const id = await paper('draft'), why = async () => (await s.rpc('policy.why', ['drafter_in', 'content.edit', `item:${id}`])).json;
  const may = async () => (await s.rpc('policy.who_can', ['content.edit', `item:${id}`])).json.map((w) => w.user);
  assert.deepEqual([(await why()).may, (await why()).state, (await may()).includes('drafter_in')], [true, 'draft', true]);
  await must('submit', id, tokens.writer);
  assert.deepEqual([(await why()).may, (await why()).state, (await may()).includes('drafter_in')], [false, 'in_review', false]);
  assert.match((await why()).sentence, /drafter \(draft\), drafter \(retracted\)/);
  assert.ok((await may()).includes('editor_in'));
});

test('no state is set by writing it: create and edit', async () => {
  for (const fields of [{ state: 'published' }, { status: 'published' }, { approved_rev: 1 }, { published_at: at() }, { hash: 'x' }, { revision: 9 }]) {
    const r = await s.request('POST', '/api/content/paper', { title: 'x', unit: ids.inside, ...fields }, { authorization: `Bearer ${tokens.writer}` });
    assert.equal(r.status, 422, JSON.stringify(fields) + r.text);
    const id = await paper('draft');
    const e = await s.request('PATCH', `/api/content/paper/${id}`, fields, { authorization: `Bearer ${tokens.writer}`, 'if-match': '*' });
    assert.equal(e.status, 422, e.text);
  }
});

for (const [how, demote] of [['demoted', 'role'], ['switched off', 'account']])
  test(`what somebody scheduled who was ${how} since is not published, and says why; scheduled again by another it is`, async () => {
    const boss = `${demote}_boss`, org = join(s.dir, `${demote}.json`);
    const given = (until) => ({ persons: [{ code: boss, name: boss }], users: [{ name: boss, person: boss }],
      role_holders: [{ role: 'editor', person: boss, unit: 'inside', from: '2020-01-01', ...(until ? { to: until } : {}) }] });
    writeFileSync(org, JSON.stringify(given()));
    await s.must('org', 'import', org);
    const token = (await s.must('user', 'token', boss)).token, id = await paper('in_review');
    await must('approve', id, token);
    const soon = new Date(s.now() + 3600000).toISOString();
    assert.equal((await s.request('POST', `/api/content/paper/${id}/schedule`, { at: soon }, { authorization: `Bearer ${token}` })).status, 200);
    if (demote === 'account') await s.must('user', 'disable', boss);
    else {
      writeFileSync(org, JSON.stringify(given('2020-02-01')));
      await s.must('org', 'import', org);
    }
    await s.later(2);
    const state = async () => (await ask('draft', id, tokens.second)).json.state, why = () => sql(s.data, `select due_error from item where id = ${id}`)[0].due_error;
    await s.until1('it was tried', why);
    assert.equal(await state(), 'scheduled');
    assert.match(why(), /may not do so any more/);
    await must('send_back', id, tokens.second);
    await must('submit', id, tokens.writer);
    await must('approve', id, tokens.second);
    const r = await s.request('POST', `/api/content/paper/${id}/schedule`, { at: new Date(s.now() + 500).toISOString() }, { authorization: `Bearer ${tokens.second}` });
    assert.equal(r.status, 200, r.text);
    await s.until1('it is published', async () => (await state()) === 'published');
  });

test('a text that was changed after its approval is not published, and its schedule is void', async () => {
  for (const state of ['approved', 'scheduled']) {
    const id = await paper(state);
    await must('edit', id, tokens.writer);
    const r = await ask('publish', id, tokens.second);
    assert.equal(r.json.code, 'refused.approval');
    assert.equal((await ask('draft', id, tokens.second)).json.state, 'draft');
  }
});
