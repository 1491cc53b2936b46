// `khung who-can` and `khung why` are one answer, asked from two sides: every verb of the program, for every account of a small
// organisation, with what may be named beside it.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
content.type("order", { fields = { title = "text!" }, title = "title", unit = true, approval = true })
flow.define("ask", { input = {} }, function(run)
  run:ask { to = { position = "head", unit = people.unit("inside") }, title = "Approve?", form = { decision = "choice:approve,return!" } }
end)
flow.define("ask_two", { input = {} }, function(run)
  run:ask { to = { { person = people.person("lone").id }, { role = "asked", unit = people.unit("inside") } }, title = "Approve?", form = { decision = "choice:approve,return!" } }
end)
`;
// Each has an account of the same name, but for `bare`, who has none; who has more than one account is told in SECOND.
const PERSONS = ['head', 'deputy', 'lone', 'inside_editor', 'outside_editor', 'whole_auditor', 'unit_auditor', 'by_position', 'drafter', 'gone', 'half', 'nobody', 'manager', 'bare'];
const ROLES = ['author', 'editor', 'reader', 'clerk', 'operator', 'auditor', 'organiser', 'privacy'];

let s, accounts, things;
const must = async (call, ...args) => {
  const r = await s.rpc(call, args);
  assert.ok(r.status < 300, `${call} ${JSON.stringify(args)}: ${r.text}`);
  return r.json;
};
const who = async (verb, thing) => (await must('policy.who_can', verb, thing ?? null, { limit: 500 }));
const users = async (...of) => (await who(...of)).map((w) => w.user ?? '-').sort();

before(async () => {
  const dir = folder();
  plugin(dir, 'p', SOURCE, { needs: '{ "content", "flow", "people" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  const held = (person, position, unit) => ({ person, position, unit, from: '2020-01-01' });
  await must('org.import', {
    units: [{ code: 'top', name: 'Top', kind: 'unit', from: '2020-01-01' }, ...['inside', 'outside'].map((code) => ({ code, name: code, kind: 'unit', parent: 'top', from: '2020-01-01' }))],
    positions: [{ code: 'head', title: 'Head' }, { code: 'scribe', title: 'Scribe', roles: ['editor'] }],
    roles: [{ name: 'drafter', verbs: ['content.edit@draft', 'content.read_draft', 'flow.operate@blocked'] }, { name: 'asked', verbs: ['task.link'] }, { name: 'shelf', verbs: ['shelf.fill', 'shelves.*'] }],
    persons: PERSONS.map((code) => ({ code, name: code })),
    users: [...PERSONS.filter((p) => p !== 'bare').map((name) => ({ name, person: name })), { name: 'half_off', person: 'half' }, { name: 'robot' }, { name: 'root_person', person: 'manager' }],
    holders: [held('head', 'head', 'inside'), held('gone', 'head', 'inside'), held('half', 'head', 'inside'), held('bare', 'head', 'inside'), held('by_position', 'scribe', 'inside'), held('bare', 'scribe', 'inside')],
    role_holders: [{ person: 'inside_editor', role: 'editor', unit: 'inside' }, { person: 'outside_editor', role: 'editor', unit: 'outside' }, { person: 'whole_auditor', role: 'auditor' }, { person: 'unit_auditor', role: 'auditor', unit: 'inside' },
      { person: 'drafter', role: 'drafter' }, { person: 'drafter', role: 'shelf' }, { person: 'bare', role: 'asked', unit: 'inside' }, { person: 'gone', role: 'asked', unit: 'inside' }, { person: 'manager', role: 'asked', unit: 'inside' },
      ...ROLES.flatMap((role) => [{ person: 'gone', role }, { user: 'robot', role, unit: 'top' }, { person: 'half', role }, { person: 'manager', role, unit: 'inside' }])],
    delegations: [{ from: 'head', to: 'deputy', position: 'head', unit: 'inside', since: '2020-01-01', until: '2199-01-01' }],
  });
  for (const name of ['root', 'root_off']) await must('user.add', name, { admin: true });
  await must('user.edit', 'root_person', { admin: true });
  for (const name of ['root_off', 'gone', 'half_off']) await must('user.disable', name);
  accounts = (await must('user.list', { limit: 500 })).map((u) => u.name);
  for (const name of [...PERSONS.filter((p) => p !== 'bare'), 'half_off', 'robot', 'root', 'root_off', 'root_person']) assert.ok(accounts.includes(name), name);
  const item = await must('content.create', 'order', { title: 'T', unit: (await must('org.unit', 'inside')).unit.id });
  const tasks = [];
  for (const flow of ['p.ask', 'p.ask_two']) {
    const { id } = await must('run.start', flow, {});
    for (let i = 0; i < 500 && !tasks.some((t) => t.run === id); i++, await pause(5)) tasks.push(...(await must('task.list', { all: true })).filter((t) => t.run === id));
  }
  assert.equal(tasks.length, 2);
  things = { none: undefined, inside: 'unit:inside', outside: 'unit:outside', item: `item:${item.id}`, position: `task:${tasks[0].id}`, several: `task:${tasks[1].id}` };
});
after(() => s?.stop());

test('who-can tells those accounts for whom why says yes: every verb, with each thing', async () => {
  const verbs = (await must('policy.verbs', { limit: 500 })).map((v) => v.verb);
  assert.ok(verbs.length > 50 && verbs.includes('user.list') && verbs.includes('audit.read'));
  let yes = 0, no = 0;
  for (const verb of [...verbs, 'shelf.fill', 'shelves.build', 'decide'])
    for (const [name, thing] of Object.entries(things)) {
      if (verb === 'decide' && !thing?.startsWith('task:')) continue;
      const may = [];
      for (const user of accounts) {
        const why = await must('policy.why', user, verb, thing ?? null);
        assert.ok(why.sentence && typeof why.may === 'boolean', `${verb} ${name} ${user}`);
        if (why.may) may.push(user);
        if (!['gone', 'root_off', 'half_off'].includes(user)) continue;
        assert.deepEqual([why.may, why.kind], [false, 'disabled'], `${verb} ${name} ${user}`);
        assert.match(why.sentence, /switched off/);
      }
      const told = await who(verb, thing), named = told.map((w) => w.user).filter(Boolean).sort();
      assert.deepEqual(named, may.sort(), `${verb} ${name}`);
      for (const w of told) assert.ok(w.may && w.sentence && (w.user ? w.account > 0 : w.account === 0 && w.person.code === 'bare'), `${verb} ${name}: ${JSON.stringify(w)}`);
      yes += may.length;
      no += accounts.length - may.length;
    }
  assert.ok(yes > 500 && no > 1000, `${yes} ${no}`);
});

// Not by the program's own word alone: some of it written down.
test('who it is, is as the organisation says', async () => {
  for (const verb of ['user.list', 'plugin.list', 'system.audit_verify', 'user.role']) assert.deepEqual(await users(verb), ['root', 'root_person'], verb);
  assert.deepEqual(await users('people.import'), ['half', 'root', 'root_person']);
  assert.deepEqual(await users('flow.operate'), ['half', 'manager', 'robot', 'root', 'root_person']);
  assert.deepEqual(await users('content.publish', things.inside), ['-', 'by_position', 'half', 'inside_editor', 'manager', 'robot', 'root_person']);
  assert.deepEqual(await users('content.publish', things.outside), ['half', 'outside_editor', 'robot']);
  assert.deepEqual(await users('audit.read'), ['half', 'whole_auditor'], 'who is told what happens in a unit is not told of the whole');
  assert.deepEqual(await users('audit.read', things.inside), ['half', 'whole_auditor']);
  assert.deepEqual(await users('content.edit', things.item), ['-', 'by_position', 'drafter', 'half', 'inside_editor', 'manager', 'robot', 'root_person']);
  assert.deepEqual(await users('task.link', things.several), ['-', 'by_position', 'half', 'inside_editor', 'manager', 'robot', 'root_person'], 'in the unit in which it is asked');
  assert.deepEqual(await users('shelf.fill'), ['drafter']);
  assert.deepEqual(await users('decide', things.position), ['-', 'deputy', 'half', 'head']);
  assert.deepEqual(await users('decide', things.several), ['-', 'lone', 'manager', 'root_person']);
  const stands = (await who('decide', things.position)).find((w) => w.user === 'deputy');
  assert.deepEqual([stands.kind, stands.on_behalf_of.code], ['delegation', 'head']);
  assert.equal((await must('policy.why', 'robot', 'decide', things.position)).kind, 'no_person');
});

test('what is decided already is asked of nobody: that is said, rather than that nobody may', async () => {
  const { id: run } = await must('run.start', 'p.ask', {});
  let task;
  for (let i = 0; i < 500 && !task; i++, await pause(5)) task = (await must('task.list', { all: true })).find((t) => t.run === run);
  assert.equal((await s.cli('task', 'decide', task.id, '--as', 'head', '--decision', 'approve')).code, 0);
  for (const args of [['who-can', 'decide', `task:${task.id}`], ['why', 'head', 'decide', `task:${task.id}`]]) {
    const r = await s.cli(...args);
    assert.deepEqual([r.code, r.out], [1, '']);
    assert.match(r.err, /closed|open/);
  }
  const late = await s.cli('task', 'decide', task.id, '--as', 'half', '--decision', 'return');
  assert.match(late.err, new RegExp(`The task ${task.id} has been decided by head`));
});

test('page by page it is the same', async () => {
  for (const [verb, thing] of [['flow.operate'], ['content.publish', things.inside], ['decide', things.position]]) {
    const all = await users(verb, thing), seen = [];
    for (let after, i = 0; i < 20; i++) {
      const r = await s.request('GET', `/api/who-can?${new URLSearchParams({ verb, ...(thing ? { thing } : {}), limit: 2, ...(after ? { after } : {}) })}`, undefined, { authorization: `Bearer ${(await must('user.token', 'root')).token}` });
      assert.equal(r.status, 200, r.text);
      seen.push(...r.json.map((w) => w.user ?? '-'));
      after = /after=([^&>]+)/.exec(r.headers.link ?? '')?.[1];
      if (!after) break;
      after = decodeURIComponent(after);
    }
    assert.deepEqual(seen.sort(), all, verb);
  }
});

test('a verb that there is not is a slip: told with the nearest one and where all are', async () => {
  for (const [verb, nearest] of [['content.publsh', 'content.publish'], ['user.lst', 'user.list'], ['shelf.empty', ''], ['people.*', ''], ['content.edit@draft', 'content.edit'], ['', ''], ['x'.repeat(5000), '']])
    for (const args of [['who-can', verb], ['why', 'root', verb]]) {
      const r = await s.cli(...args);
      assert.deepEqual([r.code, r.out], [2, ''], `${args.join(' ').slice(0, 100)}: ${r.out}${r.err.slice(0, 300)}`);
      if (verb) assert.ok(r.err.includes(`nearest is ${nearest}`) && /khung verbs lists/.test(r.err) && r.err.includes(`khung ${args[0]} `), r.err);
    }
  const rest = await s.rpc('policy.who_can', ['content.publsh']);
  assert.deepEqual([rest.status, rest.json.code], [422, 'people.no_verb']);
  for (const thing of [[], ['unit:inside']]) assert.equal((await s.cli('who-can', 'decide', ...thing)).code, 2);
  assert.match(await s.text('who-can', 'decide', things.position), /^person +user +\S.*\n(.*\n)*head +head +head may decide as Head of inside/);
});

test('on a terminal there are words, in both languages; programs get codes', async () => {
  const at = things.position;
  assert.match(await s.text('why', 'deputy', 'decide', at), /\bby delegation\b/);
  assert.match(await s.text('why', 'deputy', 'decide', at, '--lang', 'vi'), /theo ủy quyền/);
  for (const [user, verb, en, vi] of [['root', 'user.list', 'as administrator', 'là quản trị viên'], ['nobody', 'user.list', 'no right', 'không có quyền'], ['by_position', 'content.publish', 'by a role', 'theo vai trò'], ['gone', 'user.list', 'account switched off', 'tài khoản bị khóa']]) {
    assert.ok((await s.text('why', user, verb)).includes(en), verb);
    assert.ok((await s.text('why', user, verb, '--lang', 'vi')).includes(vi), verb);
  }
  const row = async (...more) => (await s.text('verbs', ...more)).split('\n').find((l) => l.startsWith('flow.operate'));
  assert.match(await row(), /a role, administrators +anywhere/);
  assert.match(await row('--lang', 'vi'), /vai trò, quản trị viên +ở bất kỳ đâu/);
  assert.deepEqual((await s.must('verbs')).find((v) => v.verb === 'flow.operate').given, 'both');
});
