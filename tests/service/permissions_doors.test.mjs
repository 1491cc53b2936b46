// One policy behind every door: each route, each command and each function that Lua may call asks for the verb that stands here, written by
// hand. Who holds that verb alone may, in its unit; who holds all others may not. What the verbs themselves mean in every place and state,
// by every role, is tests/unit/people/test_matrix.c.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';
import { DOORS, ROUTES, delegation } from '../lib/routes.mjs';

const SOURCE = `
content.type("paper", { fields = { title = "text!" }, title = "title", unit = true, approval = true })
flow.define("ask", { input = {} }, function(run)
  return run:ask { to = { position = "head", unit = people.unit("inside") }, title = "Yes?", form = { decision = "choice:approve,return!" } }.decision
end)
flow.define("quick", { input = {} }, function(run) return 1 end)
report.define("sums", { columns = { { "n", "integer" } } }, function(p, out) out:row { n = 1 } end)
schedule.cron("daily", "0 7 * * *", { flow = "quick" })
-- Whatever a plugin may be asked to do for who has logged in.
-- (The item is a public one: who may not read drafts has no other.)
local calls = {
  create = function(q) return content.create("paper", { title = "x", unit = people.unit(q.unit) }) end,
  edit = function(q, item) return content.edit(item, { title = "e" .. q.n }) end,
  history = function(q, item) return #content.history(item) end,
  lint = function(q, item) return #content.lint(item) end,
  submit = function(q, item) return content.submit(item) end,
  approve = function(q, item) return content.approve(item) end,
  send_back = function(q, item) return content.send_back(item, "no") end,
  schedule = function(q, item) return content.schedule(item, "2035-01-01 08:00") end,
  publish = function(q, item) return content.publish(item) end,
  correct = function(q, item) return content.correct(item, { title = "c" .. q.n }, "slip") end,
  retract = function(q, item) return content.retract(item, "wrong") end,
  archive = function(q, item) return content.archive(item, "old") end,
  rename = function(q) return people.rename { unit = "inside", name = "In " .. q.n, dry_run = true } end,
  delegate = function(q) return people.delegate { from = "giver", to = "taker", scope = { position = "deputy", unit = "inside" }, until_ = "2035-01-01" } end,
  import = function(q) return people.import { persons = { { code = "lua" .. q.n, name = "Lua" } } } end,
  may = function(q, item, user) return people.may(user, q.verb, people.unit("inside")) end,
}
route.post("/do/{name}", function(req)
  local ok, result = pcall(calls[req.params.name], req.json, content.get("paper", req.json.paper, { published = true }), req.user)
  if not ok and not result.code then error(result) end
  return { json = ok and { done = true, result = result == true or nil } or { done = false, code = result.code } }
end)
`;

// Calls that commands make and no route does; and commands that are no call: they work on the machine's own files.
const CALLS = [
  ['schedule.at', 'schedule.write', (x) => [`at${x.n}`, '2035-01-01 08:00', { flow: 'p.quick' }]],
  ['schedule.list', 'schedule.read', () => [{}]],
  ['people.import', 'people.import', (x) => [{ persons: [{ code: `pi${x.n}`, name: 'PI' }] }]],
  ['people.rename', 'people.change', () => [{ unit: 'inside', name: 'In', dry_run: true }]],
  ['user.password_rules', 'user.password_rules', () => []],
  ['user.password', 'user.password 422', () => ['dummy', 'x']],
  ['report.list', 'known', () => [{}]],
];
const COMMANDS = {
  'audit list': 'audit.list', 'audit anchors': 'audit.anchors', 'audit verify': 'audit.verify', 'audit erasures': 'audit.erasures', 'audit erase': 'audit.erase', 'audit erase-skip': 'audit.erase_skip', 'audit erase-retry': 'audit.erase_retry', 'audit export': 'audit.export', 'audit anchor': '-',
  'calendar link': 'calendar.link', 'calendar revoke': 'calendar.revoke',
  'content list': 'content.list', 'content show': 'content.get', 'content history': 'content.history', 'content lint': 'content.lint', 'content import': 'run.start',
  ...Object.fromEntries(['create', 'edit', 'submit', 'approve', 'send-back', 'schedule', 'publish', 'correct', 'retract', 'archive'].map((verb) => [`content ${verb}`, `content.${verb.replace('-', '_')}`])),
  'delegation list': 'people.delegation_list', 'delegation add': 'people.delegate', 'delegation revoke': 'people.revoke',
  'error list': 'error.list', 'error show': 'error.show', 'file show': 'file.show',
  'flow list': 'run.list', 'flow show': 'run.show', 'flow history': 'run.history', 'flow start': 'run.start', 'flow signal': 'run.signal', 'flow cancel': 'run.cancel', 'flow pause': 'run.pause', 'flow resume': 'run.resume', 'flow retry': 'run.retry', 'flow upgrade': 'run.upgrade',
  'notice list': 'notice.list', 'notice read': 'notice.read', 'notice preferences': 'notice.preferences', 'notice prefer': 'notice.prefer', 'notice follow': 'notice.follow', 'org units': 'org.units', 'org unit': 'org.unit', 'org persons': 'people.person_list', 'org positions': 'people.position_list', 'org holders': 'people.holder_list', 'org bodies': 'people.body_list', 'org members': 'people.member_list', 'org find': 'people.find', 'org roles': 'people.role_list', 'org import': 'org.import', 'org export': 'org.export',
  'org merge': 'org.change', 'org split': 'org.change', 'org rename': 'org.change', 'org abolish': 'org.change', 'org move': 'org.change',
  'outbox list': 'outbox.list', 'outbox retry': 'outbox.retry', 'outbox drop': 'outbox.drop', 'outbox hold': 'outbox.hold', 'outbox release': 'outbox.release',
  'plugin list': 'plugin.list', 'plugin reload': 'plugin.reload', 'plugin grant': 'plugin.grant', 'plugin migrate': 'plugin.migrate', 'plugin limits': 'plugin.limits', 'plugin disable': 'plugin.disable', 'plugin enable': 'plugin.enable',
  'report list': 'report.list', 'report run': 'report.run', 'schedule list': 'schedule.jobs', 'schedule run': 'schedule.run_now',
  'task list': 'task.list', 'task inbox': 'task.inbox', 'task show': 'task.show', 'task form': 'task.form', 'task history': 'task.history', 'task decide': 'task.decide', 'task decide-all': 'task.decide_all', 'task claim': 'task.claim', 'task release': 'task.release', 'task reassign': 'task.reassign', 'task delegate': 'task.delegate', 'task hand-back': 'task.hand_back', 'task comment': 'task.comment', 'task comments': 'task.comments', 'task attach': 'task.attach', 'task detach': 'task.detach', 'task recuse': 'task.recuse', 'task orphans': 'task.orphans', 'task handover': 'task.handover', 'task unit-handover': 'task.unit_handover', 'task link': 'task.link',
  'user add': 'user.add', 'user show': 'user.show', 'user edit': 'user.edit', 'user list': 'user.list', 'user alike': 'user.alike', 'user token': 'user.token', 'user tokens': 'user.tokens', 'user revoke': 'user.revoke', 'user role': 'user.role', 'user roles': 'user.roles', 'user end-role': 'user.role_end', 'user enable': 'user.enable', 'user reset-link': 'user.reset_link', 'user disable': 'user.disable', 'user sessions': 'user.sessions', 'user end-session': 'user.session_end', 'user unlock': 'user.unlock', 'user totp-reset': 'user.totp_reset', 'user setup-link': 'user.setup_link', 'user identify': 'user.identify', 'user password': 'user.password',
  'webhook add': 'webhook.add', 'webhook list': 'webhook.list', 'webhook rotate': 'webhook.rotate', 'webhook disable': 'webhook.disable', 'webhook enable': 'webhook.enable', 'webhook test': 'webhook.test', 'webhook deliveries': 'webhook.deliveries',
  why: 'policy.why', 'who-can': 'policy.who_can', verbs: 'policy.verbs', openapi: 'system.openapi', verify: 'system.verify', metrics: '-', doctor: '-',
  'plugin pack': '-', 'plugin keygen': '-', 'plugin install': '-', 'plugin trust': '-', 'new plugin': '-', 'new flow': '-', 'new report': '-', serve: '-', test: '-', check: '-', api: '-', console: '-', x: '-',
};

// What Lua calls in the name of who has logged in, and the verb that is asked for; what else it may call is its plugin's capability.
const LUA = {
  create: 'content.create', edit: 'content.edit', history: 'content.read_draft', lint: 'content.read_draft', submit: 'content.submit', approve: 'content.approve', send_back: 'content.send_back',
  schedule: 'content.schedule', publish: 'content.publish', correct: 'content.correct', retract: 'content.retract', archive: 'content.archive', rename: 'people.change', delegate: 'people.delegate', import: 'people.import',
};

let s, verbs, tokens = {}, things = {}, n = 0;
const must = async (call, ...args) => {
  const r = await s.rpc(call, args);
  assert.ok(r.status < 300, `${call}: ${r.text}`);
  return r.json;
};
const word = (verb) => verb.replace('.', '_');
const asked = (rule) => rule.split(' ').filter((w) => w !== 'hides' && !/^\d+$/.test(w));
const business = () => Object.values(verbs).filter((v) => v.given !== 'admin').map((v) => v.verb);

before(async () => {
  const dir = folder();
  plugin(dir, 'p', SOURCE.replace('report.define', `flow.define("vote", { input = {} }, function(run)
  return run:vote { body = "board", title = "Vote", quorum = "1/2", threshold = "50%" }.passed
end)
report.define`), { needs: '{ "content", "content:publish", "flow", "people", "people:change", "people:import", "report", "route", "schedule" }' });
  plugin(dir, 'q', 'flow.define("f", {}, function() end)', { needs: '{ "flow" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  const bad = (await must('plugin.list')).filter((p) => p.state !== 'active');
  assert.deepEqual(bad, []);
  s.token = undefined;
  verbs = Object.fromEntries((await must('policy.verbs')).map((v) => [v.verb, v]));
  const holders = business().flatMap((v) => [['only', v, 'inside'], ['only', v, 'outside'], ['only', v, null], ['but', v, null]]);
  const name = ([kind, verb, unit]) => `${kind}_${word(verb)}_${unit ?? 'all'}`;
  const people = ['nobody', 'head', 'giver', 'taker', 'boss', 'dummy', ...holders.map(name)];
  const unit = (code, parent) => ({ code, name: code, kind: 'unit', from: '2020-01-01', ...(parent ? { parent } : {}) });
  await must('org.import', {
    units: [unit('top'), unit('inside', 'top'), unit('outside', 'top')],
    positions: [{ code: 'head', title: 'Head' }, { code: 'deputy', title: 'Deputy' }],
    persons: people.map((code) => ({ code, name: code })),
    users: [...people.map((p) => ({ name: p, person: p })), { name: 'root', admin: true }],
    holders: [{ position: 'head', unit: 'inside', person: 'head', from: '2020-01-01' }, { position: 'deputy', unit: 'inside', person: 'giver', from: '2020-01-01' }],
    bodies: [{ code: 'board', name: 'Board', unit: 'inside' }], body_members: [{ body: 'board', person: 'head', from: '2020-01-01' }],
    roles: business().flatMap((v) => [{ name: `only_${word(v)}`, verbs: [v] }, { name: `but_${word(v)}`, verbs: business().filter((o) => o !== v) }]),
    role_holders: [...holders.map((h) => ({ person: name(h), role: `${h[0]}_${word(h[1])}`, ...(h[2] ? { unit: h[2] } : {}) })), { user: 'boss', role: 'only_flow_read' }],
  });
  things.inside = (await must('org.units')).find((u) => u.code === 'inside').id;
  things.job = (await must('schedule.jobs'))[0].id;
  for (const who of ['root', ...people]) tokens[who] = (await must('user.token', who)).token;
});
after(() => s?.stop());

// --- things that are there to be asked for; a new one when the last was used up ---

async function task(flow) {
  const run = (await must('run.start', flow, {})).id;
  for (let i = 0; ; i++, await pause(5)) {
    const t = (await must('task.list', { all: true, flow })).find((x) => x.run === run);
    if (t) return { run, task: t.id };
    assert.ok(i < 300, `${flow} asks nobody`);
  }
}

const MAKE = {
  paper: async () => (await must('content.create', 'paper', { title: 'x', unit: things.inside })).id,
  public: async () => {
    const paper = await MAKE.approved();
    await must('content.publish', paper);
    return paper;
  },
  run: async () => (await task('p.ask')).run,
  task: async () => (await task('p.ask')).task,
  ballot: async () => (await task('p.vote')).task,
  claimed: async () => {
    const t = await MAKE.task();
    assert.equal((await s.rpc('task.claim', [t], 'head')).status, 204);
    return t;
  },
  held: async () => (await must('user.role', 'dummy', 'only_people_grant', 'inside')).id,
  delegation: () => must('people.delegate', delegation()),
  account: async () => (await must('user.add', `account${++n}`)).name,
  gone: async () => {
    const code = `gone${++n}`;
    await must('org.import', { persons: [{ code, name: code }] });
    return code;
  },
  approved: async () => {
    const paper = await MAKE.paper();
    for (const verb of ['submit', 'approve']) await must(`content.${verb}`, paper);
    return paper;
  },
};
const NEEDS = (line) => Object.keys(MAKE).filter((k) => line.some((part) => String(part).includes(k === 'task' ? '{task}' : `{${k}}`) || String(part).includes(`x.${k}`)));
async function fresh(names, again) {
  things.n = ++n;
  for (const k of names) if (again || !things[k]) things[k] = await MAKE[k]();
  return things;
}

// --- who may ---

function may(who, rule) {
  return asked(rule).some((one) => {
    const [verb, anywhere] = one.split('@');
    if (verb === 'public') return true;
    if (who === 'anonymous') return false;
    if (verb === 'known') return true;
    if (verb === 'person') return who !== 'root';
    if (verb === 'asked') return who === 'head';
    const v = verbs[verb];
    assert.ok(v, `${verb} is no verb of the program`);
    if (who === 'root') return v.given !== 'role';
    const m = /^(only|but)_(.*)_(inside|outside|all)$/.exec(who);
    if (!m || v.given === 'admin') return false;
    if (m[1] === 'but') return m[2] !== word(verb);
    if (m[2] !== word(verb)) return false;
    return m[3] === 'all' || v.where === 'anywhere' || anywhere === 'any' || (v.where === 'unit' && m[3] === 'inside');
  });
}

const actors = (rule) => {
  const of = asked(rule).map((w) => w.split('@')[0]).filter((w) => verbs[w] && verbs[w].given !== 'admin');
  const some = of.length ? of : ['flow.read'];
  return ['nobody', 'head', 'root', ...some.flatMap((v) => [`only_${word(v)}_inside`, `only_${word(v)}_outside`, `only_${word(v)}_all`, ...(of.length < 2 ? [`but_${word(v)}_all`] : [])])];
};

function judge(what, rule, yes, r) {
  const line = `${what}: ${r.status} ${r.text.slice(0, 200)}`;
  if (yes) assert.ok((r.status >= 200 && r.status < 400) || rule.split(' ').includes(`${r.status}`), line);
  else assert.ok((rule.includes('hides') ? [200, 204, 404] : [401, 403]).includes(r.status), line);
  if (!yes && rule.includes('hides') && r.status === 200) assert.ok(!r.json, line); // nothing is found
}

test('every route of the document stands in the table, with who may or why nobody is asked for a verb', async () => {
  const doc = (await must('system.openapi')).paths, ops = Object.entries(doc).flatMap(([path, list]) => Object.keys(list).map((m) => `${m.toUpperCase()} ${path}`));
  const isPlugins = (op) => / \/x\/|^GET \/api\/reports\/[a-z]/.test(op);
  assert.deepEqual(ops.filter((op) => !ROUTES[op] && !isPlugins(op)), [], 'routes that the table does not speak of');
  assert.deepEqual(Object.keys(ROUTES).filter((op) => !ops.includes(op) && !isPlugins(op)), [], 'no routes');
  for (const [op, r] of Object.entries(ROUTES).filter(([o]) => !isPlugins(o))) {
    assert.ok(Boolean(r.may) !== Boolean(r.own), `${op} says who may, or why nobody is asked`);
    const is = new RegExp(`^${op.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/?]+')}$`);
    for (const [route] of r.may ?? []) assert.match(route.replace(/\?.*/, '').replace(/[{}]/g, ''), is);
  }
});

test('every command stands in the table, and the call that it makes', async () => {
  const commands = [...new Set((await s.text('help')).split('\n').map((l) => /^khung ([a-z-]+)(?: ([a-z][a-z-]+)\b(?!=))?/.exec(l)).filter(Boolean).map((m) => [m[1], m[2]].filter(Boolean).join(' ')))];
  assert.ok(commands.length > 80);
  assert.deepEqual(commands.filter((c) => !COMMANDS[c]), [], 'commands that no table speaks of');
  const known = new Set([...DOORS.map((r) => r[3]), ...CALLS.map((c) => c[0]), '-']);
  assert.deepEqual(Object.entries(COMMANDS).filter(([, call]) => !known.has(call)), []);
});

test('every verb of the program is asked for by a line of the tables', () => {
  const told = new Set([...DOORS.map((r) => r[1]), ...CALLS.map((c) => c[1])].flatMap(asked).map((w) => w.split('@')[0]));
  // Asked for by the stream of events alone.
  assert.deepEqual(Object.keys(verbs).filter((v) => !told.has(v)), ['storage.read']);
});

test('by REST: who holds the verb of a route, and nobody else', async () => {
  for (const line of DOORS) {
    const [route, rule, body] = line, names = NEEDS(line);
    const [method, path] = route.split(' ');
    for (const who of ['anonymous', ...actors(rule)]) {
      const yes = may(who, rule), x = await fresh(names, false);
      const to = path.replace(/\{(\w+)\}/g, (_, k) => x[k]);
      if (who === 'root' && rule.includes('person')) continue;
      const r = await s.request(method, to, body?.(x), { authorization: tokens[who] && `Bearer ${tokens[who]}`, ...(method === 'PATCH' || to.endsWith('/approve') ? { 'if-match': '*' } : {}) });
      judge(`${route} by ${who}`, who === 'anonymous' && !yes ? '' : rule, yes, r);
      if (yes) await fresh(names, true);
    }
  }
});

test('by the command line: the same', async () => {
  for (const line of [...DOORS.filter((r) => r[3]).map((r) => [r[3], r[1], r[4]]), ...CALLS]) {
    const [call, rule, args] = line, names = NEEDS([args]);
    if (String(args).startsWith('(x) => [x[name]]')) names.push(...args({ paper: 'paper', run: 'run', task: 'task', claimed: 'claimed', ballot: 'ballot', held: 'held', delegation: 'delegation', gone: 'gone', account: 'account', approved: 'approved', public: 'public' }).filter((k) => MAKE[k]));
    for (const who of actors(rule)) {
      const yes = may(who, rule), x = await fresh(names, false);
      if (who === 'root' && rule.includes('person')) continue;
      judge(`${call} as ${who}`, rule, yes, await s.rpc(call, args(x), who));
      if (yes) await fresh(names, true);
    }
  }
});

test('by Lua, through a plugin\'s route, in the name of who asks: the same', async () => {
  for (const [call, verb] of Object.entries(LUA))
    for (const who of actors(verb)) {
      const x = await fresh(['public'], false), yes = may(who, verb);
      const r = await s.request('POST', `/x/p/do/${call}`, { paper: x.public, n: x.n, unit: 'inside' }, { authorization: `Bearer ${tokens[who]}` });
      assert.equal(r.status, 200, `${call} by ${who}: ${r.text}`);
      assert.equal(/^denied/.test(r.json.code ?? ''), !yes, `${call} by ${who}: ${r.text}`);
      if (yes) await fresh(['public'], true);
    }
  for (const verb of business().filter((v) => verbs[v].where === 'unit'))
    for (const who of actors(verb).filter((w) => w !== 'root')) {
      const r = await s.request('POST', '/x/p/do/may', { verb, paper: things.public }, { authorization: `Bearer ${tokens[who]}` });
      assert.equal(r.json.result === true, may(who, verb), `people.may ${verb} by ${who}: ${r.text}`);
    }
});

// The page makes the same calls (core/http/task_page.c): of each act, who is asked, who may read, and nobody.
test('by the page: the same', async () => {
  const rules = { see: 'asked flow.read', claim: 'asked', release: 'asked task.reassign', delegate: 'asked', hand_back: 'asked 409', comment: 'asked flow.read', decide: 'asked' };
  const fields = { delegate: { person: 'giver', reason: 'r' }, comment: { text: 'hm' }, decide: { decision: 'approve' } };
  for (const who of ['nobody', 'head', 'only_flow_read_all', 'but_flow_read_all']) {
    assert.equal((await setPassword(s, who, PASSWORD)).code, 0);
    const b = browser(s);
    assert.equal((await b.loginPage(who, PASSWORD)).status, 303);
    const csrf = /name="_csrf" value="([^"]+)"/.exec((await b.request('GET', '/account')).text)[1];
    for (const [act, rule] of Object.entries(rules)) {
      const x = await fresh([act === 'release' ? 'claimed' : 'task'], true), to = `/tasks/${act === 'release' ? x.claimed : x.task}`;
      const r = act === 'see' ? await b.request('GET', to) : await b.request('POST', to, new URLSearchParams({ _csrf: csrf, _act: act, ...fields[act] }));
      judge(`${act} on the page by ${who}`, rule, may(who, rule), r);
    }
  }
});
