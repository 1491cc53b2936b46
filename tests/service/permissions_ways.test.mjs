// Ways around the policy that other systems left open, each tried: rights that one gives oneself, states that are written, approvals of one's
// own, empty groups, those who were demoted since, answers that are given again.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';
import { sql } from '../crash/check.mjs';

const SOURCE = `
content.type("order", { fields = { title = "text!", body = "text" }, title = "title", unit = true, approval = true })
content.type("memo", { fields = { title = "text!" }, title = "title", unit = true, approval = true, separation = true })
content.type("slip", { fields = { title = "text!" }, title = "title", unit = true, approval = true, separation = false })
flow.define("import", { input = { type = "text!", text = "text!" }, retry = { times = 0 } }, function(run, input)
  return { item = content.create(input.type, json.decode(input.text)).id }
end)
local function asks(name, to)
  flow.define(name, { input = { item = "integer!", type = "text!" } }, function(run, input)
    local item = content.get(input.type, input.item)
    local answer = run:ask { to = to(), title = "Approve?", about = item, form = { decision = "choice:approve,return!" } }
    if answer.voided then return { voided = true } end
    content.approve(content.get(input.type, input.item), { by = answer })
    return { by = answer.by }
  end)
end
asks("by_head", function() return { position = "head", unit = people.unit("here") } end)
asks("by_nobody", function() return { role = "ghosts", unit = people.unit("here") } end)
asks("by_no_seat", function() return { body = "empty" } end)
asks("by_writer_alone", function() return { position = "scribe", unit = people.unit("here") } end)
asks("by_writer", function() return { people.person("writer"), people.person("editor") } end)
local function votes(name, whose)
  flow.define(name, { input = { item = "integer!" }, retry = { times = 0 } }, function(run, input)
    local vote = whose()
    vote.title, vote.about = "Vote", content.get("order", input.item)
    local said = run:vote(vote)
    if content.get("order", input.item).state == "in_review" and said.passed then
      content.approve(content.get("order", input.item), { by = said })
    end
    return said
  end)
end
votes("by_board", function() return { body = "board", quorum = "100%" } end)
votes("by_two", function() return { voters = { people.person("editor"), people.person("second") }, quorum = "100%", secret = true } end)
votes("by_editor", function() return { voters = { people.person("editor") } } end)
flow.define("by_all", { input = { item = "integer!" } }, function(run, input)
  local item, asks = content.get("order", input.item), {}
  for who, field in pairs { editor = "title", second = "body" } do
    asks[#asks + 1] = { to = people.person(who), title = who, about = item, part = { field }, form = { decision = "choice:approve,return!" } }
  end
  return run:ask_all(asks)
end)
flow.define("reply", { input = { item = "integer!" } }, function(run, input)
  local item = content.get("order", input.item)
  local answer = run:ask { to = { position = "head", unit = people.unit("here") }, title = "Once", about = item, form = { decision = "choice:approve,return!" } }
  content.approve(content.get("order", input.item), { by = answer })
  content.edit(content.get("order", input.item), { title = "Another text" })
  local ok, why = pcall(content.approve, content.get("order", input.item), { by = answer })
  return { again = ok, code = why and why.code }
end)
local function item(req) return content.get("order", req.json.item) end
route.post("/import", function(req) return { json = people.import(req.json) } end)
route.post("/schedule", function(req) content.schedule(item(req), req.json.at) return { json = { done = true } } end)
route.post("/move", function(req) people.move { unit = req.json.unit, parent = req.json.parent } return { json = { done = true } } end)
route.post("/approve", function(req) content.approve(item(req), { by = { decision = "approve", by = req.json.by } }) return { json = { done = true } } end)
`;

let s, ids, tokens = {}, count = 0;
const must = async (call, ...args) => {
  const r = await s.rpc(call, args);
  assert.ok(r.status < 300, `${call}: ${r.text}`);
  return r.json;
};
const as = (who) => (method, path, body) => s.request(method, path, body, { authorization: `Bearer ${tokens[who]}`, ...(path.endsWith('/approve') || method === 'PATCH' ? { 'if-match': '*' } : {}) });
const login = async (who) => { tokens[who] = (await must('user.token', who)).token; };

async function written(who = 'writer', type = 'order') {
  const r = await as(who)('POST', `/api/content/${type}`, { title: `T${++count}`, unit: ids.here });
  assert.equal(r.status, 201, r.text);
  assert.equal((await as(who)('POST', `/api/content/${type}/${r.json.id}/submit`, {})).status, 200);
  return r.json.id;
}
const state = async (id, type = 'order') => (await s.rpc('content.get', [type, id])).json.state;
const task = async (run) => {
  for (let i = 0; i < 300; i++, await pause(5)) {
    const t = (await must('task.list', { all: true, limit: 100 })).find((x) => x.run === run);
    if (t) return t;
  }
  throw new Error(`run ${run} asks nobody`);
};

before(async () => {
  const dir = folder();
  plugin(dir, 'p', SOURCE, { needs: '{ "content", "content:publish", "flow", "people", "people:change", "people:import", "route" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  s.token = undefined;
  const people = ['writer', 'editor', 'second', 'head', 'reader', 'organiser'];
  await must('org.import', {
    units: [{ code: 'here', name: 'Here', kind: 'unit', parent: 'above', from: '2020-01-01' }, { code: 'above', name: 'Above', kind: 'unit', from: '2020-01-01' }],
    positions: [{ code: 'head', title: 'Head' }, { code: 'scribe', title: 'Scribe' }],
    persons: [...people, 'rootperson'].map((code) => ({ code, name: code })),
    users: [...people.map((p) => ({ name: p, person: p })), { name: 'root', admin: true, person: 'rootperson' }, { name: 'other', admin: true }, { name: 'robot' }, { name: 'robot2' }],
    bodies: [{ code: 'empty', name: 'Empty', unit: 'here' }, { code: 'board', name: 'Board', unit: 'here' }],
    body_members: ['writer', 'editor', 'second'].map((person) => ({ body: 'board', person, from: '2020-01-01' })),
    holders: [{ position: 'head', person: 'head', unit: 'here', from: '2020-01-01' }, { position: 'scribe', person: 'writer', unit: 'here', from: '2020-01-01' }, { position: 'scribe', person: 'reader', unit: 'above', from: '2020-01-01' }],
    role_holders: [...['writer', 'editor', 'second'].map((p) => ({ person: p, role: 'editor', unit: 'here' })), { person: 'reader', role: 'reader', unit: 'here' }, { person: 'organiser', role: 'organiser' },
      { user: 'robot', role: 'editor', unit: 'here' }, { user: 'robot2', role: 'editor', unit: 'here' }],
  });
  ids = Object.fromEntries((await must('org.units')).map((u) => [u.code, u.id]));
  for (const who of [...people, 'root', 'other', 'robot', 'robot2']) await login(who);
});
after(() => s?.stop());

describe('rights that one gives oneself', () => {
  const take = (who, lists) => as(who)('POST', '/api/org/import', { lists });
  const refused = (r, what) => {
    assert.equal(r.status, 403, r.text);
    assert.equal(r.json.code, 'denied.own_rights');
    assert.match(r.json.detail, what);
  };

  it('are not taken in by an import, whole and with all that was beside them', async () => {
    refused(await take('root', { persons: [{ code: 'beside', name: 'Beside' }], role_holders: [{ user: 'root', role: 'editor', unit: 'here' }] }), /role editor@here/);
    refused(await take('root', { holders: [{ position: 'head', person: 'rootperson', unit: 'here', from: '2020-01-01' }] }), /position head@here/);
    refused(await take('root', { users: [{ name: 'root', person: 'head', admin: true }] }), /position head@here/);
    refused(await take('organiser', { role_holders: [{ person: 'organiser', role: 'privacy' }] }), /role privacy/);
    refused(await take('organiser', { roles: [{ name: 'organiser', verbs: ['people.*', 'content.*'] }] }), /organiser content\.\*/);
    assert.equal(sql(s.data, "select count(*) n from person where code = 'beside'")[0].n, 0);
    assert.equal((await as('root')('POST', '/api/content/order', { title: 'x', unit: ids.here })).status, 403);
  });

  it('nor is an account made or taken over by one, or the address to which its new password goes', async () => {
    const mail = { persons: [{ code: 'rootperson', name: 'rootperson', email: 'organiser@x.org' }] };
    const denied = async (lists, rows) => {
      const r = await take('organiser', lists), shown = await s.request('POST', '/api/org/import', { lists, options: { preview: true } }, { authorization: `Bearer ${tokens.organiser}` });
      assert.deepEqual([r.status, r.json.code], [403, 'denied.accounts'], r.text);
      assert.match(r.json.detail, rows);
      assert.ok(!shown.json.ok, shown.text);
      assert.match(JSON.stringify(shown.json.errors), rows);
    };
    await denied({ users: [{ name: 'organiser', person: 'organiser', admin: true }] }, /users\[1\] organiser/);
    await denied({ users: [{ name: 'reader', person: 'reader' }, { name: 'other', person: 'organiser', admin: true }] }, /: users\[2\] other/);
    await denied({ users: [{ name: 'mine', person: 'rootperson' }] }, /users\[1\] mine/);
    await denied({ ...mail, units: [{ code: 'beside', name: 'Beside', kind: 'unit', from: '2020-01-01' }] }, /persons\[1\] rootperson/);
    await denied({ persons: [{ code: 'reader', name: 'reader', email: 'organiser@x.org' }] }, /persons\[1\] reader/);
    const file = join(s.dir, 'mail.json');
    writeFileSync(file, JSON.stringify(mail));
    assert.match((await s.cli('org', 'import', file, '--as', 'organiser')).err, /persons\[1\] rootperson/);
    const lua = await as('organiser')('POST', '/x/p/import', mail);
    assert.deepEqual([lua.status, lua.json.code], [403, 'denied.accounts'], lua.text);
    assert.deepEqual(sql(s.data, "select (select count(*) from unit where code = 'beside') u, (select count(*) from account where name = 'mine') a, (select count(*) from person where email is not null) p")[0], { u: 0, a: 0, p: 0 });
    assert.equal((await take('organiser', { users: [{ name: 'reader', person: 'reader' }] })).status, 200, 'what is there may be repeated');
    assert.equal((await take('root', { persons: [{ code: 'reader', name: 'reader', email: 'reader@x.org' }] })).status, 200);
    assert.equal((await take('root', { users: [{ name: 'reader', person: 'reader', lang: 'vi' }] })).status, 200);
    const rows = (await s.must('audit', 'list', '--verb', 'user.change')).items.map((e) => [e.who, e.name, e.after.changed]);
    assert.deepEqual(rows, [['rootperson', 'reader', 'account'], ['rootperson', 'reader', 'email']]);
  });

  it('nor by a command that acts for oneself, nor by a delegation that one arranges', async () => {
    const file = join(s.dir, 'own.json');
    writeFileSync(file, JSON.stringify({ role_holders: [{ user: 'root', role: 'reader' }] }));
    const r = await s.cli('org', 'import', file, '--as', 'root');
    assert.equal(r.code, 1);
    assert.match(r.err, /Nobody gives themself more rights: role reader@\*/);
    assert.equal((await s.cli('user', 'role', 'root', 'reader', '--as', 'root')).code, 1);
    refused(await as('organiser')('POST', '/api/delegations', { from: 'head', to: 'organiser', scope: { position: 'head', unit: 'here' }, until_: '2090-01-01' }), /people\.delegate/);
    assert.equal((await as('organiser')('POST', '/api/delegations', { from: 'head', to: 'second', scope: { position: 'head', unit: 'here' }, since: '2089-01-01', until_: '2090-01-01' })).status, 201);
  });

  it('nor by moving, merging, splitting or taking in the tree, so that a unit comes below one\'s own', async () => {
    const unit = (code, more) => ({ code, name: code, kind: 'unit', parent: 'above', from: '2020-01-01', ...more });
    await must('org.import', { units: [unit('near'), unit('far')], persons: [{ code: 'mover', name: 'Mover' }], users: [{ name: 'mover', person: 'mover' }],
      role_holders: [{ person: 'mover', role: 'organiser' }, { person: 'mover', role: 'editor', unit: 'near' }] });
    await login('mover');
    const far = (await must('org.units')).find((u) => u.code === 'far').id, { id } = await must('content.create', 'order', { title: 'Theirs', unit: far });
    const edit = async () => (await as('mover')('PATCH', `/api/content/order/${id}`, { title: `M${++count}` })).status;
    const change = (who, change, options) => as(who)('POST', '/api/org/change', { change, options });
    assert.equal(await edit(), 403);
    const move = { how: 'move', unit: 'far', parent: 'near' };
    for (const c of [move, { ...move, day: '2090-01-01' }, { how: 'merge', from: ['far'], into: 'near' }, { how: 'abolish', unit: 'far', into: 'near' }, { how: 'merge', from: ['far'], into: { code: 'fresh', name: 'F', parent: 'near' } }, { how: 'split', unit: 'far', into: ['near', { code: 'farther', name: 'F' }] }])
      for (const options of [{ dry_run: true }, {}]) refused(await change('mover', c, options), /role editor@far/);
    refused(await take('mover', { units: [unit('far', { parent: 'near' })] }), /role editor@far/);
    refused(await take('mover', { unit_parents: [{ unit: 'far', parent: 'near', from: '2021-01-01' }] }), /role editor@far/);
    refused(await take('mover', { changes: [{ ...move, day: '2089-01-01' }] }), /role editor@far/);
    refused(await as('mover')('POST', '/x/p/move', { unit: 'far', parent: 'near' }), /role editor@far/);
    assert.match((await s.cli('org', 'move', 'far', '--parent', 'near', '--as', 'mover')).err, /Nobody gives themself more rights: role editor@far/);
    assert.equal(await edit(), 403);
    // The rest of their work they do; and another moves it.
    assert.equal((await take('mover', { units: [unit('new', { parent: 'near' })] })).status, 200);
    assert.equal((await change('mover', { how: 'rename', unit: 'far', name: 'Far away' })).status, 200);
    assert.equal((await change('organiser', move)).status, 200);
    assert.equal(await edit(), 200);
  });

  it('a preview shows by which rows, as the import would be refused', async () => {
    const lists = { units: [{ code: 'below', name: 'Below', kind: 'unit', parent: 'near', from: '2020-01-01' }], persons: [{ code: 'np', name: 'NP' }],
      role_holders: [{ person: 'np', role: 'editor' }, { person: 'mover', role: 'editor' }, { person: 'second', role: 'clerk' }, { user: 'mover', role: 'auditor', unit: 'near' }] };
    refused(await take('mover', lists), /role editor@\*/);
    const shown = (await s.request('POST', '/api/org/import', { lists, options: { preview: true } }, { authorization: `Bearer ${tokens.mover}` })).json;
    assert.deepEqual([shown.ok, shown.errors.map((e) => [e.list, e.line, /rights: (.*)\.$/.exec(e.says)?.[1]])], [false, [['role_holders', 2, 'role editor@*'], ['role_holders', 4, 'role auditor@near']]], JSON.stringify(shown.errors));
    const file = join(s.dir, 'role_holders.csv');
    writeFileSync(file, 'person,role\nsecond,clerk\nmover,editor\n');
    const csv = JSON.parse((await s.cli('org', 'import', file, '--preview', '--as', 'mover')).out);
    assert.deepEqual([csv.ok, csv.errors.map((e) => [e.file, e.line, e.column, e.field])], [false, [['role_holders.csv', 3, 1, 'person']]]);
    assert.equal(sql(s.data, "select count(*) n from person where code = 'np'")[0].n, 0);
  });

  it('nor passed on: of verbs bound to states, what one\'s own covers', async () => {
    const roles = { of_draft: 'content.edit@draft', of_review: 'content.edit@in_review', of_all: 'content.edit' };
    const givers = { gives_draft: 'content.edit@draft', gives_all: 'content.edit', gives_family: 'content.*@draft' };
    await must('org.import', { roles: [...Object.entries(roles).map(([name, v]) => ({ name, verbs: [v] })), ...Object.entries(givers).map(([name, v]) => ({ name, verbs: ['people.grant', v] }))],
      persons: Object.keys(givers).map((code) => ({ code, name: code })), users: Object.keys(givers).map((name) => ({ name, person: name })), role_holders: Object.keys(givers).map((g) => ({ person: g, role: g, unit: 'above' })) });
    const may = { gives_draft: [201, 403, 403], gives_all: [201, 201, 201], gives_family: [201, 403, 403] };
    for (const giver of Object.keys(givers)) {
      await login(giver);
      const got = [];
      for (const role of Object.keys(roles)) {
        const r = await as(giver)('POST', '/api/users/reader/roles', { role, unit: 'here' });
        got.push(r.status);
        if (r.status === 201) assert.equal((await as(giver)('DELETE', `/api/users/reader/roles/${r.json.id}`)).status, 204);
      }
      assert.deepEqual(got, may[giver], giver);
    }
  });

  it('are given by another, or on the machine; and what an administrator gains stands in the audit by name', async () => {
    assert.equal((await take('other', { role_holders: [{ user: 'root', role: 'reader' }] })).status, 200);
    await must('user.role', 'other', 'auditor');
    const told = JSON.parse((await s.cli('audit', 'list', '--verb', 'user.gain')).out), gains = Array.isArray(told) ? told : told.items;
    for (const [name, what] of [['root', 'role reader@*'], ['other', 'role auditor@*']])
      assert.ok(gains.some((e) => e.name === name && e.after.gained.includes(what)), JSON.stringify(gains));
    // What is held already may be taken in again, and taken away.
    assert.equal((await take('root', { role_holders: [{ user: 'root', role: 'reader' }] })).status, 200);
  });
});

describe('the tree', () => {
  it('is changed by who may change every unit that a change reaches: by REST, the command line and a plugin; taken in by who may everywhere', async () => {
    const unit = (code) => ({ code, name: code, kind: 'unit', parent: 'above', from: '2020-01-01' });
    await must('org.import', { units: [unit('mine'), unit('theirs')], persons: [{ code: 'keeper', name: 'Keeper' }], users: [{ name: 'keeper', person: 'keeper' }],
      role_holders: [{ person: 'keeper', role: 'organiser', unit: 'mine' }] });
    await login('keeper');
    const tree = () => JSON.stringify(sql(s.data, 'select * from unit_parent union all select unit, day, successor, 0 from unit_successor union all select id, valid_to, 0, 0 from unit'));
    const before = tree();
    const changes = [{ how: 'merge', from: ['mine'], into: 'theirs' }, { how: 'merge', from: ['mine'], into: { code: 'm', name: 'M', parent: 'theirs' } }, { how: 'abolish', unit: 'mine', into: 'theirs' },
      { how: 'split', unit: 'mine', into: ['theirs', { code: 'm', name: 'M' }] }, { how: 'split', unit: 'mine', into: ['mine', { code: 'm', name: 'M', parent: 'theirs' }] }, { how: 'move', unit: 'mine', parent: 'theirs' }, { how: 'move', unit: 'theirs', parent: 'mine' }];
    for (const change of changes) {
      for (const options of [{}, { dry_run: true }]) {
        const r = await as('keeper')('POST', '/api/org/change', { change, options });
        assert.deepEqual([r.status, r.json.code], [403, 'denied.verb'], JSON.stringify(change) + r.text);
      }
      assert.equal((await s.rpc('org.change', [change, {}], 'keeper')).status, 403);
    }
    for (const words of [['merge', 'mine', '--into', 'theirs'], ['move', 'mine', '--parent', 'theirs'], ['abolish', 'mine', '--into', 'theirs']])
      assert.equal((await s.cli('org', ...words, '--as', 'keeper')).code, 1, words.join(' '));
    assert.equal((await as('keeper')('POST', '/x/p/move', { unit: 'mine', parent: 'theirs' })).json.code, 'denied.verb');
    for (const lists of [{ changes: changes.slice(0, 1) }, { successors: [{ unit: 'mine', successor: 'theirs', day: '2021-01-01', how: 'merge' }] }, { unit_parents: [{ unit: 'mine', parent: 'theirs', from: '2021-01-01' }] }])
      for (const options of [{}, { preview: true }]) assert.equal((await as('keeper')('POST', '/api/org/import', { lists, options })).status, 403);
    const csv = join(s.dir, 'changes.csv');
    writeFileSync(csv, 'how,from,into\nmerge,mine,theirs\n');
    assert.equal((await s.cli('org', 'import', csv, '--as', 'keeper')).code, 1);
    assert.equal(tree(), before);
    await must('user.role', 'keeper', 'organiser', 'theirs');
    assert.equal((await as('keeper')('POST', '/api/org/change', { change: changes[0], options: { dry_run: true } })).status, 200);
  });
});

describe('a state', () => {
  it('is not imported: neither with the organisation nor with content', async () => {
    const org = await as('root')('POST', '/api/org/import', { lists: { persons: [{ code: 'x', name: 'X', status: 'published' }] } });
    assert.equal(org.status, 422);
    for (const fields of [{ status: 'published' }, { state: 'published' }, { approved_rev: 1 }, { published_at: '2020-01-01T00:00:00Z' }]) {
      const { id } = await must('run.start', 'p.import', { type: 'order', text: JSON.stringify({ title: 'x', ...fields }) });
      const run = await s.until(id, ['failed', 'completed']);
      assert.equal(run.state, 'failed', JSON.stringify(fields));
      await must('plugin.enable', 'p');
    }
    assert.equal(sql(s.data, "select count(*) n from item where state <> 'draft' and unit is null")[0].n, 0);
  });

  it('and a text are not written by who may only read', async () => {
    const id = await written();
    assert.equal((await as('reader')('GET', `/api/content/order/${id}/draft`)).status, 200);
    for (const [method, path, body] of [['PATCH', '', { title: 'mine' }], ['POST', '/submit', {}], ['POST', '/approve', {}], ['POST', '/correct', { fields: { title: 'mine' }, note: 'n' }]])
      assert.equal((await as('reader')(method, `/api/content/order/${id}${path}`, body)).status, 403);
    assert.equal(sql(s.data, `select count(*) n from revision where item = ${id}`)[0].n, 1);
  });
});

describe('an approval', () => {
  const approve = (who, id, type = 'order') => as(who)('POST', `/api/content/${type}/${id}/approve`, {});

  it('is not the author\'s: over REST, by a plugin with another\'s answer, by a task, by an account without a person', async () => {
    const id = await written();
    assert.equal((await approve('writer', id)).json.code, 'denied.separation');
    const forged = await as('writer')('POST', '/x/p/approve', { item: id, by: 4 });
    assert.equal(forged.json.code, 'denied.separation', forged.text);
    const { id: run } = await must('run.start', 'p.by_writer', { item: id, type: 'order' }), t = await task(run);
    const shown = (await as('writer')('GET', `/api/tasks/${t.id}`)).json;
    assert.deepEqual([shown.may_decide, shown.may_claim, shown.may_delegate], [false, false, false], 'what is shown is what is done');
    assert.match(shown.why.decide, /Whoever wrote or submitted a text does not approve it/);
    for (const [act, body] of [['decide', { decision: 'approve' }], ['claim', {}], ['delegate', { person: 'second' }]])
      assert.equal((await as('writer')('POST', `/api/tasks/${t.id}/${act}`, body)).json.code, 'denied.separation', act);
    assert.equal((await as('editor')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 200);
    await s.until(run, ['completed']);
    assert.equal(await state(id), 'approved');
    const robots = await written('robot');
    assert.equal((await approve('robot', robots)).json.code, 'denied.separation');
    assert.equal((await approve('robot2', robots)).status, 200);
  });

  it('is not the author\'s by a second account: of the same person, or of one with the same address; who shares one is told', async () => {
    await must('org.import', { persons: [{ code: 'second', name: 'second', email: 'Desk@x.org' }, { code: 'shade', name: 'Shade', email: 'desk@X.ORG' }, { code: 'apart', name: 'Apart', email: 'apart@x.org' }],
      users: [{ name: 'second2', person: 'second' }, { name: 'shade', person: 'shade' }, { name: 'apart', person: 'apart' }], role_holders: ['shade', 'apart'].map((person) => ({ person, role: 'editor', unit: 'here' })),
      holders: ['shade', 'apart'].map((person) => ({ person, position: 'scribe', unit: 'here', from: '2020-01-01' })) });
    for (const who of ['second2', 'shade', 'apart']) await login(who);
    const id = await written('second'), { id: run } = await must('run.start', 'p.by_writer_alone', { item: id, type: 'order' }), t = await task(run);
    assert.equal((await approve('second2', id)).json.code, 'denied.separation');
    assert.equal((await approve('shade', id)).json.code, 'denied.separation_mail');
    assert.equal((await as('shade')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).json.code, 'denied.separation_mail');
    assert.match((await as('shade')('GET', `/api/tasks/${t.id}`)).json.why.decide, /Somebody with your e-mail address wrote/);
    assert.equal((await s.cli('task', 'decide', t.id, '--decision', 'approve', '--as', 'shade')).code, 1);
    assert.equal(await state(id), 'in_review');
    const rows = (await must('user.alike', {})).filter((r) => ['second', 'second2', 'shade', 'apart'].includes(r.name)).map((r) => [r.name, r.by.sort().join(), r.others.sort().join()]);
    assert.deepEqual(rows, [['second', 'mail,person', 'second2,shade'], ['second2', 'mail,person', 'second,shade'], ['shade', 'mail', 'second,second2']]);
    assert.match(await s.text('user', 'alike'), /shade .*mail/);
    const why = (await must('policy.why', 'shade', 'content.approve', `item:${id}`)).alike;
    assert.deepEqual(why, [{ user: 'second', by: ['mail'] }, { user: 'second2', by: ['mail'] }]);
    const who = await must('policy.who_can', 'content.approve', `item:${id}`);
    assert.deepEqual([who.find((w) => w.user === 'shade').alike.length, who.find((w) => w.user === 'apart').alike], [2, undefined]);
    const asked = await must('policy.who_can', 'decide', `task:${t.id}`);
    assert.deepEqual(asked.find((w) => w.person.code === 'shade').alike.map((a) => a.user), ['second', 'second2'], JSON.stringify(asked));
    assert.equal((await as('apart')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 200);
    await s.until(run, ['completed']);
    assert.equal(await state(id), 'approved');
    // The lists above say who holds the position; later tests ask its first holder alone.
    await must('org.import', { holders: ['shade', 'apart'].map((person) => ({ person, position: 'scribe', unit: 'here', from: '2020-01-01', to: '2020-02-01' })) });
  });

  it('comes from nobody where nobody is asked: it waits, and is told of', async () => {
    for (const flow of ['p.by_nobody', 'p.by_no_seat']) {
      const id = await written(), { id: run } = await must('run.start', flow, { item: id, type: 'order' }), t = await task(run);
      await s.until1(`${flow} is told of`, async () => (await must('task.orphans', {})).some((o) => o.id === t.id));
      for (const who of ['head', 'editor', 'root']) assert.equal((await as(who)('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 403);
      assert.equal(await state(id), 'in_review');
    }
  });

  it('is nobody\'s where only the author is asked: that is told, and the same position above is asked', async () => {
    const id = await written(), { id: run } = await must('run.start', 'p.by_writer_alone', { item: id, type: 'order' }), t = await task(run);
    const orphan = await s.until1('it is told of', async () => (await must('task.orphans', {})).find((o) => o.id === t.id));
    assert.match(orphan.reason, /Whoever it is asked of wrote the text/);
    assert.equal((await as('writer')('GET', `/api/tasks/${t.id}`)).json.may_decide, false);
    assert.equal((await as('reader')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 200);
    await s.until(run, ['completed']);
    assert.equal(await state(id), 'approved');
  });

  const start = async (flow, item) => (await must('run.start', flow, { item })).id;
  const ballot = async (who, run) => (await as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
  const decide = (who, t, decision = 'approve') => as(who)('POST', `/api/tasks/${t.id}/decide`, { decision });
  const orphan = async (t) => {
    for (let i = 0; i < 300; i++, await pause(10)) {
      const one = (await must('task.orphans', {})).find((o) => o.id === t.id);
      if (one) return one;
    }
    throw new Error(`task ${t.id} is no orphan`);
  };

  it('is not an author\'s by a vote: all who wrote or submitted it have no ballot, and are not counted', async () => {
    const { id } = (await as('writer')('POST', '/api/content/order', { title: `T${++count}`, unit: ids.here })).json;
    assert.equal((await as('editor')('PATCH', `/api/content/order/${id}`, { title: 'By the editor' })).status, 200);
    assert.equal((await as('editor')('POST', `/api/content/order/${id}/submit`, {})).status, 200);
    const run = await start('p.by_board', id);
    await task(run);
    for (const who of ['writer', 'editor']) assert.equal(await ballot(who, run), undefined, who);
    assert.equal((await decide('second', await ballot('second', run))).status, 200);
    const { result } = await s.until(run, ['completed', 'failed']);
    assert.deepEqual([result.passed, result.members, result.voted, Object.keys(result.absent).length], [true, 1, 1, 0], JSON.stringify(result));
    assert.equal(await state(id), 'approved');
    // Nobody else has a vote: there is none.
    const other = await written('editor'), failed = await s.until(await start('p.by_editor', other), ['completed', 'failed']);
    assert.equal(failed.error?.code, 'vote.authors', JSON.stringify(failed));
    assert.equal(await state(other), 'in_review');
    await must('plugin.enable', 'p');
  });

  it('nor by the ballot of who became one since, who may still take no part', async () => {
    const { id } = (await as('writer')('POST', '/api/content/order', { title: `T${++count}`, unit: ids.here })).json, run = await start('p.by_two', id);
    await task(run);
    assert.equal((await as('editor')('POST', `/api/content/order/${id}/submit`, {})).status, 200);
    const t = await ballot('editor', run);
    assert.equal((await as('editor')('GET', `/api/tasks/${t.id}`)).json.may_decide, false);
    assert.equal((await decide('editor', t)).json.code, 'denied.separation');
    assert.equal(sql(s.data, `select count(*) n from flow_task where run = ${run} and state = 1`)[0].n, 0);
    assert.equal((await as('editor')('POST', `/api/tasks/${t.id}/recuse`, { reason: 'I handed it in.' })).status, 200);
    assert.equal((await decide('second', await ballot('second', run))).status, 200);
    const { result } = await s.until(run, ['completed', 'failed']);
    assert.deepEqual([result.passed, result.members, result.recused.length], [true, 1, 1], JSON.stringify(result));
  });

  it('nor in a quorum: an author decides no question of it, also who has decided it before and edited another part since', async () => {
    const id = await written(), run = await start('p.by_all', id);
    await task(run);
    const t = await ballot('editor', run);
    assert.equal((await decide('editor', t)).status, 200);
    assert.equal((await as('editor')('PATCH', `/api/content/order/${id}`, { body: 'By the editor' })).status, 200);
    assert.equal((await decide('editor', t)).json.code, 'denied.separation', 'it is asked again');
    assert.match((await orphan(t)).reason, /Whoever it is asked of wrote the text/);
    assert.equal((await decide('second', await ballot('second', run))).status, 200);
    assert.equal(sql(s.data, `select state from flow_task where id = ${t.id}`)[0].state, 0, 'the quorum still wants an answer that is not the editor\'s');
    await must('run.cancel', run, 'tried');
  });

  it('counts once: the same answer is no approval of another text, nor of another item', async () => {
    const id = await written(), { id: run } = await must('run.start', 'p.reply', { item: id }), t = await task(run);
    const decide = () => as('head')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' });
    assert.equal((await decide()).status, 200);
    const done = await s.until(run, ['completed', 'failed']);
    assert.deepEqual(done.result, { again: false, code: 'refused.voided' });
    assert.notEqual(await state(id), 'approved');
    const entries = (verb) => sql(s.data, `select count(*) n from item_log where item = ${id} and verb = '${verb}'`)[0].n;
    assert.equal(entries('approve'), 1);
    assert.equal((await decide()).status, 200); // the same again: no harm, and nothing is done
    assert.equal(entries('approve'), 1);
  });

  it('by two at the same instant is one', async () => {
    for (let i = 0; i < 5; i++) {
      const id = await written();
      const both = await Promise.all(['editor', 'second'].map((who) => approve(who, id)));
      assert.deepEqual(both.map((r) => r.status).sort(), [200, 409], both.map((r) => r.text).join(' '));
      assert.equal(sql(s.data, `select count(*) n from item_log where item = ${id} and verb = 'approve'`)[0].n, 1);
    }
  });
});

describe('who was demoted since', () => {
  it('publishes nothing by what they scheduled through a plugin\'s route', async () => {
    const org = (until) => must('org.import', { persons: [{ code: 'late', name: 'Late' }], users: [{ name: 'late', person: 'late' }],
      role_holders: [{ role: 'editor', person: 'late', unit: 'here', from: '2020-01-01', ...(until ? { to: until } : {}) }] });
    await org();
    await login('late');
    const id = await written();
    assert.equal((await as('second')('POST', `/api/content/order/${id}/approve`, {})).status, 200);
    const r = await as('late')('POST', '/x/p/schedule', { item: id, at: new Date(s.now() + 3600000).toISOString() });
    assert.equal(r.status, 200, r.text);
    await org('2020-02-01');
    await s.later(2);
    assert.match(await s.until1('it was tried', () => sql(s.data, `select due_error from item where id = ${id}`)[0].due_error), /may not do so any more/);
    assert.equal(await state(id), 'scheduled');
  });
});

describe('without separation of duties', () => {
  const asks = async (id) => {
    const { id: run } = await must('run.start', 'p.by_writer', { item: id, type: 'memo' });
    return { run, task: (await task(run)).id };
  };

  it('which is on until the administrator sets it off, an author approves nothing; a plugin may have it off', async () => {
    assert.equal((await as('writer')('POST', `/api/content/slip/${await written('writer', 'slip')}/approve`, {})).status, 200);
    const id = await written('writer', 'memo'), t = await asks(id);
    assert.equal((await as('writer')('POST', `/api/content/memo/${id}/approve`, {})).json.code, 'denied.separation');
    assert.equal((await as('writer')('POST', `/api/tasks/${t.task}/decide`, { decision: 'approve' })).json.code, 'denied.separation');
    await must('run.cancel', t.run, 'tried');
  });

  it('an author approves by right and by task; the right, the approval itself and the text that it is of are wanted as before', async () => {
    const settings = join(s.dir, 'settings.json');
    writeFileSync(settings, JSON.stringify({ p: { separation: { memo: false, slip: true } } }));
    s.config.settings = settings;
    await s.restart();
    const id = await written('writer', 'memo'), t = await asks(id);
    assert.equal((await as('writer')('POST', `/api/content/memo/${id}/publish`, {})).json.code, 'refused.approval');
    assert.equal((await as('reader')('POST', `/api/content/memo/${id}/approve`, {})).json.code, 'denied.verb');
    assert.equal((await as('second')('POST', `/api/tasks/${t.task}/decide`, { decision: 'approve' })).status, 403, 'whoever is not asked decides nothing');
    assert.equal((await as('writer')('POST', `/api/tasks/${t.task}/decide`, { decision: 'approve' })).status, 200);
    await s.until(t.run, ['completed']);
    assert.equal(await state(id, 'memo'), 'approved');
    assert.equal((await as('writer')('PATCH', `/api/content/memo/${id}`, { title: 'Another' })).status, 200);
    assert.equal((await as('writer')('POST', `/api/content/memo/${id}/publish`, {})).json.code, 'refused.approval');
    assert.equal((await as('writer')('POST', `/api/content/memo/${id}/approve`, {})).status, 200);
    assert.equal((await as('writer')('POST', `/api/content/memo/${id}/publish`, {})).status, 200);
    // Of another type it is on, and where the plugin had it off the administrator has put it on.
    for (const type of ['order', 'slip']) {
      const other = await written('writer', type);
      assert.equal((await as('writer')('POST', `/api/content/${type}/${other}/approve`, {})).json.code, 'denied.separation', type);
    }
  });

  it('a setting that is neither on nor off is not taken, and said to be none', async () => {
    writeFileSync(s.config.settings, JSON.stringify({ p: { separation: { memo: 'no' } } }));
    await s.restart();
    assert.ok((await must('plugin.list')).some((p) => /setting separation of the plugin p/.test(p.why ?? '')), JSON.stringify(await must('plugin.list')));
  });
});
