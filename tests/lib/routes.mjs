// Every route of the program, by hand: who may, by whom tests/service/permissions_doors.test.mjs tries it; and what is sent so that it is done, by
// which tests/service/openapi.test.mjs compares the answer with the document. tests/service/parity.test.mjs compares the table with the program's
// own. A new route needs a line here, or all three fail.
//
// may: lines of [METHOD PATH, who may, the body; the same call by the command line, its arguments]. Who may: a verb; "known": who has logged in;
//   "person": who is a person, too; "public"; "asked": of whom it is asked. "verb@any": in any unit. Where one may not look, "hides": 404 in place of
//   403. Who may is answered with success, or with the refusal whose number stands in the line: the thing is not there, or not in that state.
//   {paper} and the like are made by the test.
// own: why no verb is asked for.
// done: what is sent. `x` makes what must be there first; what comes back is { at: values of the path, query, body, headers, as: another person }.
//   Where it stands not, a GET is sent as it is.
// elsewhere: done by another test, which is named; or why it cannot be done there.

const id = (name) => (x) => [x[name]];
// Each on a day of its own: the same is not delegated twice.
let days = 0;
export const delegation = () => {
  const day = new Date(Date.UTC(2035, 1, 1) + ++days * 86400e3).toISOString().slice(0, 10);
  return { from: 'giver', to: 'taker', scope: { position: 'deputy', unit: 'inside' }, since: day, until_: day };
};

export const ROUTES = {
  'GET /api/content/{type}': {
    may: [['GET /api/content/paper', 'public', null, 'content.list', () => ['paper', {}]]],
    done: () => ({ at: { type: 'note' } }),
  },
  'POST /api/content/{type}/find': {
    may: [['POST /api/content/paper/find', 'known', () => ({ where: {} }), 'content.find', () => ['paper', {}]]],
    done: async (x) => { await x.note(); return { at: { type: 'note' }, body: { where: { kind: 'plan' }, options: { limit: 1 } } }; },
  },
  'POST /api/content/{type}': {
    may: [['POST /api/content/paper', 'content.create', (x) => ({ title: 'x', unit: x.inside }), 'content.create', (x) => ['paper', { title: 'x', unit: x.inside }]]],
    done: () => ({ at: { type: 'note' }, body: { title: 'Two', kind: 'report' } }),
  },
  'GET /api/content/{type}/{id}/draft': {
    may: [['GET /api/content/paper/{paper}/draft', 'content.read_draft hides', null, 'content.get', (x) => ['paper', x.paper]]],
    done: async (x) => ({ at: await x.note() }),
  },
  'GET /api/content/{type}/{id}': {
    may: [['GET /api/content/paper/{public}', 'public']],
    done: async (x) => ({ at: await x.published() }),
  },
  'PATCH /api/content/{type}/{id}': {
    may: [['PATCH /api/content/paper/{paper}', 'content.edit', (x) => ({ title: `e${x.n}` }), 'content.edit', (x) => [x.paper, { title: `f${x.n}` }]]],
    done: async (x) => { const n = await x.note(); return { at: n, body: { title: 'Other' }, headers: { 'if-match': n.etag } }; },
  },
  'POST /api/content/{type}/{id}/submit': {
    may: [['POST /api/content/paper/{paper}/submit', 'content.submit', () => ({}), 'content.submit', id('paper')]],
    done: async (x) => ({ at: await x.note() }),
  },
  'POST /api/content/{type}/{id}/approve': {
    may: [['POST /api/content/paper/{paper}/approve', 'content.approve', () => ({}), 'content.approve', id('paper')]],
    done: async (x) => { const n = await x.submitted(); return { at: n, headers: { 'if-match': n.etag }, as: 'mate' }; },
  },
  'POST /api/content/{type}/{id}/send_back': {
    may: [['POST /api/content/paper/{paper}/send_back', 'content.send_back', () => ({ comment: 'no' }), 'content.send_back', (x) => [x.paper, 'no']]],
    done: async (x) => ({ at: await x.submitted(), body: { comment: 'No', options: { fields: { title: 'Longer' } } }, as: 'mate' }),
  },
  'POST /api/content/{type}/{id}/schedule': {
    may: [['POST /api/content/paper/{approved}/schedule', 'content.schedule', () => ({ at: '2035-01-01T08:00:00Z' }), 'content.schedule', (x) => [x.approved, '2035-01-01T08:00:00Z']]],
    done: async (x) => ({ at: await x.approved(), body: { at: '2199-01-01 08:00', options: { until: '2199-02-01 08:00' } } }),
  },
  'POST /api/content/{type}/{id}/publish': {
    may: [['POST /api/content/paper/{approved}/publish', 'content.publish', () => ({}), 'content.publish', id('approved')]],
    done: async (x) => ({ at: await x.approved() }),
  },
  'POST /api/content/{type}/{id}/correct': {
    may: [['POST /api/content/paper/{public}/correct', 'content.correct', () => ({ fields: { title: 'y' }, note: 'slip' }), 'content.correct', (x) => [x.public, { title: 'y' }, 'slip']]],
    done: async (x) => ({ at: await x.published(), body: { fields: { title: 'Right' }, note: 'A slip' } }),
  },
  'POST /api/content/{type}/{id}/retract': {
    may: [['POST /api/content/paper/{public}/retract', 'content.retract', () => ({ reason: 'r' }), 'content.retract', (x) => [x.public, 'r']]],
    done: async (x) => ({ at: await x.published(), body: { reason: 'Wrong' } }),
  },
  'POST /api/content/{type}/{id}/archive': {
    may: [['POST /api/content/paper/{paper}/archive', 'content.archive', () => ({ reason: 'r' }), 'content.archive', (x) => [x.paper, 'r']]],
    done: async (x) => ({ at: await x.note(), body: { reason: 'Old' } }),
  },
  'GET /api/content/{type}/{id}/history': {
    may: [['GET /api/content/paper/{paper}/history', 'content.read_draft', null, 'content.history', id('paper')]],
    done: async (x) => ({ at: await x.published() }),
  },
  'GET /api/content/{type}/{id}/lint': {
    may: [['GET /api/content/paper/{paper}/lint', 'content.read_draft', null, 'content.lint', id('paper')]],
    done: async (x) => ({ at: await x.note('Tốt tốt tốt.') }),
  },
  'GET /api/content/{type}/{id}/diff': {
    may: [['GET /api/content/paper/{paper}/diff?from=1&to=1', 'content.read_draft', null, 'content.diff', (x) => [x.paper, 1, 1]]],
    done: async (x) => { const n = await x.note(); await x.done('PATCH', `/api/content/note/${n.id}`, { title: 'Other', kind: null }, { 'if-match': n.etag }); return { at: n, query: { from: 1, to: 2 } }; },
  },
  'GET /api/types/{type}/fields': {
    may: [['GET /api/types/paper/fields', 'known', null, 'content.fields', () => ['paper']]],
    done: () => ({ at: { type: 'note' } }),
  },
  'GET /api/search': {
    may: [['GET /api/search?text=x', 'known', null, 'content.search', () => ['x', {}]]],
    done: async (x) => { await x.note('Sought'); return { query: { text: 'sought', type: 'note', limit: 3 } }; },
  },
  'GET /api/overdue': {
    may: [['GET /api/overdue', 'known', null, 'content.overdue', () => []]],
    done: async (x) => { await x.refused(); return {}; },
  },
  'GET /api/runs': { may: [['GET /api/runs', 'flow.read', null, 'run.list', () => [{}]]] },
  'POST /api/runs': {
    may: [['POST /api/runs', 'flow.start', () => ({ flow: 'p.quick', input: {} }), 'run.start', () => ['p.quick', {}]]],
    done: () => ({ body: { flow: 'office.work', input: { n: 1, unit: 'office', days: [1] }, id: 'once' } }),
  },
  'POST /api/runs/upgrade': {
    may: [['POST /api/runs/upgrade', 'flow.retry', () => ({ dry_run: true }), 'run.upgrade', () => [{ dry_run: true }]]],
    done: async (x) => { await x.older(); return { body: { plugin: 'office', dry_run: true } }; },
  },
  'GET /api/runs/{id}': {
    may: [['GET /api/runs/{run}', 'flow.read', null, 'run.show', id('run')]],
    done: async (x) => ({ at: { id: await x.failed() } }),
  },
  'GET /api/runs/{id}/history': {
    may: [['GET /api/runs/{run}/history', 'flow.read', null, 'run.history', id('run')]],
    done: async (x) => ({ at: { id: await x.run('asks') } }),
  },
  'POST /api/runs/{id}/signal': {
    may: [['POST /api/runs/{run}/signal', 'flow.operate', () => ({ name: 'x' }), 'run.signal', (x) => [x.run, 'x']]],
    done: async (x) => ({ at: { id: await x.run('asks') }, body: { name: 'hello', data: { n: 1 }, key: 'k' } }),
  },
  'POST /api/runs/{id}/cancel': {
    may: [['POST /api/runs/{run}/cancel', 'flow.operate', () => ({ reason: 'r' }), 'run.cancel', id('run')]],
    done: async (x) => ({ at: { id: await x.run('asks') }, body: { reason: 'Enough' } }),
  },
  'POST /api/runs/{id}/pause': {
    may: [['POST /api/runs/{run}/pause', 'flow.operate', () => ({}), 'run.pause', id('run')]],
    done: async (x) => ({ at: { id: await x.run('asks') } }),
  },
  'POST /api/runs/{id}/resume': {
    may: [['POST /api/runs/{run}/resume', 'flow.operate', () => ({}), 'run.resume', id('run')]],
    done: async (x) => { const id = await x.run('asks'); await x.done('POST', `/api/runs/${id}/pause`); return { at: { id } }; },
  },
  'POST /api/runs/{id}/retry': {
    may: [['POST /api/runs/{run}/retry', 'flow.operate 409', () => ({}), 'run.retry', id('run')]],
    done: async (x) => ({ at: { id: await x.failed() }, body: { upgrade: false } }),
  },
  'GET /api/tasks': {
    may: [
      ['GET /api/tasks', 'person flow.read', null, 'task.list', () => [{}]],
      ['GET /api/tasks?all=true', 'flow.read', null, 'task.list', () => [{ all: true }]],
    ],
  },
  'GET /api/inbox': { may: [['GET /api/inbox', 'person flow.read', null, 'task.inbox', () => [{}]]] },
  'GET /api/orphans': { may: [['GET /api/orphans', 'flow.read', null, 'task.orphans', () => [{}]]] },
  'GET /api/persons/{person}/handover': {
    may: [['GET /api/persons/giver/handover', 'flow.read', null, 'task.handover', () => ['giver']]],
    done: async (x) => { await x.task(); return { at: { person: 'boss' } }; },
  },
  'GET /api/units/{unit}/handover': {
    may: [['GET /api/units/inside/handover', 'flow.read', null, 'task.unit_handover', () => ['inside']]],
    done: async (x) => { await x.task(); return { at: { unit: 'office' } }; },
  },
  'POST /api/tasks/decide': {
    may: [['POST /api/tasks/decide', 'person', () => ({ tasks: [1], answer: { decision: 'approve' } }), 'task.decide_all', () => [[1], { decision: 'approve' }]]],
    done: async (x) => ({ body: { tasks: [await x.task(), 1], answer: { decision: 'approve' } } }),
  },
  'GET /api/tasks/{id}': {
    may: [['GET /api/tasks/{task}', 'asked flow.read', null, 'task.show', id('task')]],
    done: async (x) => ({ at: { id: await x.about() } }),
  },
  'GET /api/tasks/{id}/form': {
    may: [['GET /api/tasks/{task}/form', 'asked flow.read', null, 'task.form', id('task')]],
    done: async (x) => ({ at: { id: await x.task() } }),
  },
  'GET /api/tasks/{id}/history': {
    may: [['GET /api/tasks/{task}/history', 'asked flow.read', null, 'task.history', id('task')]],
    done: async (x) => ({ at: { id: await x.discussed() } }),
  },
  'POST /api/tasks/{id}/decide': {
    may: [['POST /api/tasks/{task}/decide', 'asked', () => ({ decision: 'approve' }), 'task.decide', (x) => [x.task, { decision: 'approve' }]]],
    done: async (x) => ({ at: { id: await x.task() }, body: { decision: 'return', comment: 'Not yet' } }),
  },
  'POST /api/tasks/{id}/claim': {
    may: [['POST /api/tasks/{task}/claim', 'asked', () => ({}), 'task.claim', id('task')]],
    done: async (x) => ({ at: { id: await x.task() }, body: { until: '2h' } }),
  },
  'POST /api/tasks/{id}/release': {
    may: [['POST /api/tasks/{claimed}/release', 'asked task.reassign', () => ({}), 'task.release', id('claimed')]],
    done: async (x) => { const id = await x.task(); await x.done('POST', `/api/tasks/${id}/claim`, {}); return { at: { id } }; },
  },
  'POST /api/tasks/{id}/reassign': {
    may: [['POST /api/tasks/{task}/reassign', 'task.reassign', () => ({ to: { person: 'giver' }, reason: 'r' }), 'task.reassign', (x) => [x.task, { person: 'giver' }, 'r']]],
    done: async (x) => ({ at: { id: await x.task() }, body: { to: { person: 'mate' }, reason: 'Away' } }),
  },
  'POST /api/tasks/{id}/delegate': {
    may: [['POST /api/tasks/{task}/delegate', 'asked', () => ({ person: 'giver' }), 'task.delegate', (x) => [x.task, 'giver']]],
    done: async (x) => ({ at: { id: await x.task() }, body: { person: 'guest', reason: 'Away' } }),
  },
  'POST /api/tasks/{id}/hand_back': {
    may: [['POST /api/tasks/{task}/hand_back', 'asked 409', () => ({}), 'task.hand_back', id('task')]],
    done: async (x) => { const id = await x.task(); await x.done('POST', `/api/tasks/${id}/reassign`, { to: { person: 'mate' }, reason: 'Away' }); return { at: { id }, body: { reason: 'Yours' }, as: 'mate' }; },
  },
  'GET /api/tasks/{id}/comments': {
    may: [['GET /api/tasks/{task}/comments', 'asked flow.read', null, 'task.comments', id('task')]],
    done: async (x) => ({ at: { id: await x.discussed() } }),
  },
  'POST /api/tasks/{id}/comments': {
    may: [['POST /api/tasks/{task}/comments', 'asked flow.read', () => ({ text: 'hm' }), 'task.comment', (x) => [x.task, 'hm']]],
    done: async (x) => ({ at: { id: await x.task() }, body: { text: 'Look', files: [await x.file()] } }),
  },
  'POST /api/tasks/{id}/attach': {
    may: [['POST /api/tasks/{task}/attach', 'asked flow.read 422', () => ({ files: [99], text: 'hm' }), 'task.attach', (x) => [x.task, [99], 'hm']]],
    done: async (x) => ({ at: { id: await x.task() }, body: { files: [await x.file()], text: 'This' } }),
  },
  'DELETE /api/tasks/{id}/files/{file}': {
    may: [['DELETE /api/tasks/{task}/files/99', 'asked flow.read 404', null, 'task.detach', (x) => [x.task, 99]]],
    done: async (x) => ({ at: await x.attached() }),
  },
  'POST /api/tasks/{id}/recuse': {
    may: [['POST /api/tasks/{ballot}/recuse', 'asked', () => ({ reason: 'r' }), 'task.recuse', (x) => [x.ballot, 'r']]],
    done: async (x) => ({ at: { id: await x.ballot() }, body: { reason: 'A cousin' } }),
  },
  'POST /api/tasks/{id}/link': {
    may: [['POST /api/tasks/{task}/link', 'task.link', () => ({ person: 'head' }), 'task.link', (x) => [x.task, 'head']]],
    done: async (x) => ({ at: { id: await x.task() }, body: { person: 'mate', expires: '2d' } }),
  },
  'GET /api/notices': {
    may: [['GET /api/notices', 'person', null, 'notice.list', () => [{}]]],
    done: async (x) => { await x.task(); return {}; },
  },
  'POST /api/notices/read': {
    may: [['POST /api/notices/read', 'person', () => ({ ids: [] }), 'notice.read', () => [{ ids: [] }]]],
    done: () => ({ body: { all: true } }),
  },
  'GET /api/notices/preferences': {
    may: [['GET /api/notices/preferences', 'person', null, 'notice.preferences', () => []]],
    done: async (x) => { await x.done('POST', '/api/notices/follow', { type: 'note', unit: 'office' }); return {}; },
  },
  'PATCH /api/notices/preferences': {
    may: [['PATCH /api/notices/preferences', 'person', () => ({}), 'notice.prefer', () => [{}]]],
    done: () => ({ body: { ways: { 'content.published': 'none' }, quiet_from: '22:00', quiet_until: '06:00', digest_at: '07:00' } }),
  },
  'POST /api/notices/follow': {
    may: [['POST /api/notices/follow', 'person', () => ({ type: 'paper' }), 'notice.follow', () => [{ type: 'paper' }]]],
    done: () => ({ body: { type: 'note', unit: 'office' } }),
  },
  'POST /api/calendar': { may: [['POST /api/calendar', 'person', () => ({}), 'calendar.link', () => []]] },
  'DELETE /api/calendar': {
    may: [['DELETE /api/calendar', 'person', null, 'calendar.revoke', () => []]],
    done: async (x) => { await x.done('POST', '/api/calendar', {}); return {}; },
  },
  'GET /api/outbox': { may: [['GET /api/outbox', 'system.outbox', null, 'outbox.list', () => [{}]]] },
  'POST /api/outbox/hold': { may: [['POST /api/outbox/hold', 'system.outbox', () => ({}), 'outbox.hold', () => []]] },
  'POST /api/outbox/release': { may: [['POST /api/outbox/release', 'system.outbox', () => ({}), 'outbox.release', () => []]] },
  'POST /api/outbox/{id}/retry': {
    may: [['POST /api/outbox/1/retry', 'system.outbox 404', () => ({}), 'outbox.retry', () => ['dead']]],
    done: () => ({ at: { id: 'dead' } }),
  },
  'DELETE /api/outbox/{id}': {
    may: [['DELETE /api/outbox/1', 'system.outbox 404', null, 'outbox.drop', () => ['dead']]],
    done: () => ({ at: { id: 'dead' } }),
  },
  'GET /api/webhooks': {
    may: [['GET /api/webhooks', 'system.webhook', null, 'webhook.list', () => [{}]]],
    done: async (x) => { await x.webhook(); return {}; },
  },
  'POST /api/webhooks': {
    may: [['POST /api/webhooks', 'system.webhook', () => ({ url: 'http://127.0.0.1:9/x' }), 'webhook.add', () => ['http://127.0.0.1:9/x']]],
    done: () => ({ body: { url: 'https://example.org/hook', options: { events: 'content.published' } } }),
  },
  'GET /api/webhooks/{id}/deliveries': {
    may: [['GET /api/webhooks/1/deliveries', 'system.webhook', null, 'webhook.deliveries', () => [1]]],
    done: async (x) => { const id = await x.webhook(); await x.done('POST', `/api/webhooks/${id}/test`); return { at: { id } }; },
  },
  'POST /api/webhooks/{id}/rotate': {
    may: [['POST /api/webhooks/1/rotate', 'system.webhook', () => ({}), 'webhook.rotate', () => [1]]],
    done: async (x) => ({ at: { id: await x.webhook() }, body: { overlap: '2d' } }),
  },
  'POST /api/webhooks/{id}/disable': {
    may: [['POST /api/webhooks/1/disable', 'system.webhook', () => ({}), 'webhook.disable', () => [1]]],
    done: async (x) => ({ at: { id: await x.webhook() }, body: { reason: 'Moved' } }),
  },
  'POST /api/webhooks/{id}/enable': {
    may: [['POST /api/webhooks/1/enable', 'system.webhook', () => ({}), 'webhook.enable', () => [1]]],
    done: async (x) => ({ at: { id: await x.webhook() } }),
  },
  'POST /api/webhooks/{id}/test': {
    may: [['POST /api/webhooks/1/test', 'system.webhook', () => ({}), 'webhook.test', () => [1]]],
    done: async (x) => ({ at: { id: await x.webhook() } }),
  },
  'GET /api/schedule': { may: [['GET /api/schedule', 'schedule.read', null, 'schedule.jobs', () => [{}]]] },
  'POST /api/schedule/{id}/run': {
    may: [['POST /api/schedule/{job}/run', 'schedule.write', () => ({}), 'schedule.run_now', id('job')]],
    done: async (x) => ({ at: { id: await x.job() } }),
  },
  'GET /api/units': { may: [['GET /api/units', 'known', null, 'org.units', () => [{}]]] },
  'GET /api/units/{code}': {
    may: [['GET /api/units/inside', 'known', null, 'org.unit', () => ['inside']]],
    done: () => ({ at: { code: 'office' } }),
  },
  'POST /api/org/import': {
    may: [['POST /api/org/import', 'people.import', (x) => ({ lists: { persons: [{ code: `new${x.n}`, name: 'New' }] } }), 'org.import', (x) => [{ persons: [{ code: `old${x.n}`, name: 'Old' }] }]]],
    done: () => ({ body: { lists: { units: [{ code: 'annex', name: 'Annex', kind: 'office', parent: 'office', from: '2020-01-01' }] } } }),
  },
  'GET /api/org/export': {
    may: [['GET /api/org/export', 'people.export', null, 'org.export', () => [{}]]],
    done: () => ({ query: { at: '2021-01-04' } }),
  },
  'POST /api/org/change': {
    may: [['POST /api/org/change', 'people.change', () => ({ change: { how: 'rename', unit: 'inside', name: 'In' }, options: { dry_run: true } }), 'org.change', () => [{ how: 'rename', unit: 'inside', name: 'In' }, { dry_run: true }]]],
    done: () => ({ body: { change: { how: 'rename', unit: 'wing', name: 'Other wing' }, options: { dry_run: true } } }),
  },
  'GET /api/delegations': {
    may: [['GET /api/delegations', 'people.delegate@any', null, 'people.delegation_list', () => [{}]]],
    done: async (x) => { await x.delegation('2199-03-01', '2199-03-02'); return {}; },
  },
  'POST /api/delegations': {
    may: [['POST /api/delegations', 'people.delegate', () => delegation(), 'people.delegate', () => [delegation()]]],
    done: () => ({ body: { from: 'boss', to: 'guest', since: '2199-01-01', until: '2199-01-02', act: '12/QĐ' } }),
  },
  'POST /api/delegations/{id}/revoke': {
    may: [['POST /api/delegations/{delegation}/revoke', 'people.delegate', () => ({}), 'people.revoke', id('delegation')]],
    done: async (x) => ({ at: { id: await x.delegation('2199-02-01', '2199-02-02') }, body: {} }),
  },
  'GET /api/why': {
    may: [['GET /api/why?user=boss&verb=flow.read', 'user.explain', null, 'policy.why', () => ['boss', 'flow.read']]],
    done: () => ({ query: { user: 'boss', verb: 'content.publish', thing: 'unit:office' } }),
  },
  'GET /api/who-can': {
    may: [['GET /api/who-can?verb=flow.read', 'user.explain', null, 'policy.who_can', () => ['flow.read']]],
    done: async (x) => ({ query: { verb: 'decide', thing: `task:${await x.task()}` } }),
  },
  'GET /api/verbs': { may: [['GET /api/verbs', 'known', null, 'policy.verbs', () => [{}]]] },
  'GET /api/users': { may: [['GET /api/users', 'user.list', null, 'user.list', () => [{}]]] },
  'GET /api/alike': {
    may: [['GET /api/alike', 'user.list', null, 'user.alike', () => [{}]]],
    done: async (x) => { await x.twins(); return {}; },
  },
  'POST /api/users': {
    may: [['POST /api/users', 'user.add', (x) => ({ name: `made${x.n}` }), 'user.add', (x) => [`added${x.n}`]]],
    done: (x) => ({ body: { name: x.name(), person: 'seen', lang: 'en' } }),
  },
  'GET /api/users/{name}': {
    may: [['GET /api/users/dummy', 'user.list', null, 'user.show', () => ['dummy']]],
    done: () => ({ at: { name: 'mate' } }),
  },
  'PATCH /api/users/{name}': {
    may: [['PATCH /api/users/dummy', 'user.edit', () => ({ lang: 'en' }), 'user.edit', () => ['dummy', { lang: 'vi' }]]],
    done: async (x) => { const u = await x.user(); return { at: u, body: { person: 'seen', lang: 'vi', admin: false }, headers: { 'if-match': '*' } }; },
  },
  'POST /api/users/{name}/disable': {
    may: [['POST /api/users/dummy/disable', 'user.disable', () => ({}), 'user.disable', () => ['dummy']]],
    done: async (x) => ({ at: await x.user() }),
  },
  'POST /api/users/{name}/enable': {
    may: [['POST /api/users/dummy/enable', 'user.enable', () => ({}), 'user.enable', () => ['dummy']]],
    done: async (x) => { const u = await x.user(); await x.done('POST', `/api/users/${u.name}/disable`); return { at: u }; },
  },
  'POST /api/users/{name}/unlock': {
    may: [['POST /api/users/dummy/unlock', 'user.unlock', () => ({}), 'user.unlock', () => ['dummy']]],
    done: async (x) => ({ at: await x.user() }),
  },
  'POST /api/users/{name}/reset_link': {
    may: [['POST /api/users/dummy/reset_link', 'user.reset_link', () => ({}), 'user.reset_link', () => ['dummy']]],
    done: async (x) => ({ at: await x.user() }),
  },
  'DELETE /api/users/{name}/totp': {
    may: [['DELETE /api/users/dummy/totp', 'user.totp_reset', null, 'user.totp_reset', () => ['dummy']]],
    done: async (x) => ({ at: await x.user() }),
  },
  'POST /api/users/{name}/identities': {
    may: [['POST /api/users/{account}/identities', 'user.identify', (x) => ({ issuer: 'https://id.example', subject: `x${x.n}` }), 'user.identify', (x) => [x.account, 'https://id.example', `x${x.n}`]]],
    done: async (x) => { const u = await x.user(); return { at: u, body: { issuer: 'https://id.example', subject: u.name } }; },
  },
  'GET /api/users/{name}/roles': {
    may: [['GET /api/users/dummy/roles', 'user.roles people.read', null, 'user.roles', () => ['dummy']]],
    done: async (x) => ({ at: await x.holder() }),
  },
  'POST /api/users/{name}/roles': {
    may: [['POST /api/users/dummy/roles', 'user.role people.grant', () => ({ role: 'only_people_grant', unit: 'inside' }), 'user.role', () => ['dummy', 'only_people_grant', 'inside']]],
    done: async (x) => ({ at: await x.user(), body: { role: 'reader', unit: 'office', since: '2199-01-01', until: '2199-02-01' } }),
  },
  'DELETE /api/users/{name}/roles/{id}': {
    may: [['DELETE /api/users/dummy/roles/{held}', 'user.role people.grant', null, 'user.role_end', (x) => ['dummy', x.held]]],
    done: async (x) => ({ at: await x.holder(), query: { on: '2199-01-15' } }),
  },
  'GET /api/users/{name}/tokens': {
    may: [['GET /api/users/boss/tokens', 'user.token', null, 'user.tokens', () => ['boss']]],
    done: () => ({ at: { name: 'boss' } }),
  },
  'POST /api/users/{name}/tokens': {
    may: [['POST /api/users/dummy/tokens', 'user.token', () => ({}), 'user.token', () => ['dummy']]],
    done: async (x) => ({ at: await x.user(), body: { label: 'Robot', scope: 'content.list report.*', days: 7 } }),
  },
  'DELETE /api/users/{name}/tokens/{id}': {
    may: [['DELETE /api/users/dummy/tokens/99', 'user.token 404', null, 'user.revoke', () => [99, 'dummy']]],
    done: async (x) => ({ at: await x.bearer() }),
  },
  'GET /api/users/{name}/sessions': {
    may: [['GET /api/users/boss/sessions', 'user.sessions', null, 'user.sessions', () => ['boss']]],
    done: async (x) => ({ at: await x.session() }),
  },
  'DELETE /api/users/{name}/sessions/{id}': {
    may: [['DELETE /api/users/dummy/sessions/99', 'user.session_end 404', null, 'user.session_end', () => [99, 'dummy']]],
    done: async (x) => ({ at: await x.session() }),
  },
  'POST /api/setup_links': { may: [['POST /api/setup_links', 'user.setup_link', () => ({}), 'user.setup_link', () => []]] },
  'GET /api/roles': { may: [['GET /api/roles', 'known', null, 'people.role_list', () => [{}]]] },
  'GET /api/persons': { may: [['GET /api/persons', 'people.read', null, 'people.person_list', () => [{}]]] },
  'GET /api/find': {
    may: [
      ['GET /api/find?kind=person&name=giver', 'person people.read', null, 'people.find', () => ['person', 'giver']],
      ['GET /api/find?kind=unit&name=inside', 'known', null, 'people.find', () => ['unit', 'inside']],
    ],
    done: () => ({ query: { kind: 'person', name: 'mat' } }),
  },
  'GET /api/positions': { may: [['GET /api/positions', 'known', null, 'people.position_list', () => [{}]]] },
  'GET /api/holders': { may: [['GET /api/holders', 'people.read', null, 'people.holder_list', () => [{}]]] },
  'GET /api/bodies': { may: [['GET /api/bodies', 'known', null, 'people.body_list', () => [{}]]] },
  'GET /api/members': {
    may: [['GET /api/members', 'people.read', null, 'people.member_list', () => [{}]]],
    done: () => ({ query: { body: 'board' } }),
  },
  'GET /api/errors': {
    may: [['GET /api/errors', 'plugin.list', null, 'error.list', () => [{}]]],
    done: async (x) => { await x.failed(); return {}; },
  },
  'GET /api/errors/{id}': {
    may: [['GET /api/errors/1', 'plugin.list 404', null, 'error.show', () => ['1']]],
    done: async (x) => ({ at: { id: await x.incident() } }),
  },
  'GET /api/audit': { may: [['GET /api/audit', 'audit.read', null, 'audit.list', () => [{}]]] },
  'GET /api/audit/export': {
    may: [['GET /api/audit/export', 'audit.read', null, 'audit.export', () => [{}]]],
    done: () => ({ query: { since: '2021-01-04', until: '2199-01-01' } }),
  },
  'GET /api/audit/anchors': { may: [['GET /api/audit/anchors', 'system.audit_verify', null, 'audit.anchors', () => [{}]]] },
  'GET /api/audit/verify': { may: [['GET /api/audit/verify', 'system.audit_verify', null, 'audit.verify', () => [{}]]] },
  'POST /api/audit/erasures/{id}/skip': {
    may: [['POST /api/audit/erasures/1/skip', 'audit.erase 404', () => ({ place: 'runs', id: 1, reason: 'r' }), 'audit.erase_skip', () => [1, { place: 'runs', id: 1, reason: 'r' }]]],
    done: async (x) => { const { id: erasure, wait } = await x.held('held1'); return { at: { id: erasure }, body: { place: wait.place, id: wait.id, reason: 'The job stays' } }; },
  },
  'POST /api/audit/erasures/{id}/retry': {
    may: [['POST /api/audit/erasures/1/retry', 'audit.erase 404', () => ({}), 'audit.erase_retry', () => [1]]],
    done: async (x) => ({ at: { id: (await x.held('held2')).id } }),
  },
  'GET /api/audit/erasures': {
    may: [['GET /api/audit/erasures', 'audit.erase', null, 'audit.erasures', () => [{}]]],
    done: async (x) => { await x.erasure(); return {}; },
  },
  'GET /api/audit/erasures/preview': {
    may: [['GET /api/audit/erasures/preview?person={gone}', 'audit.erase', null, 'audit.erase_preview', id('gone')]],
    done: () => ({ query: { person: 'seen' } }),
  },
  'POST /api/audit/erasures': {
    may: [['POST /api/audit/erasures', 'audit.erase', (x) => ({ person: x.gone, reason: 'r' }), 'audit.erase', (x) => [x.gone, 'r']]],
    done: () => ({ body: { person: 'gone', reason: 'Asked for' } }),
  },
  'GET /api/openapi.json': { may: [['GET /api/openapi.json', 'known', null, 'system.openapi', () => []]] },
  'GET /api/warnings': { may: [['GET /api/warnings', 'system.verify', null, 'task.warnings', () => []]] },
  'GET /api/verify': { may: [['GET /api/verify', 'system.verify', null, 'system.verify', () => []]] },
  'GET /api/confinement': { may: [['GET /api/confinement', 'system.confinement', null, 'system.confinement', () => []]] },
  'GET /api/plugins': { may: [['GET /api/plugins', 'plugin.list', null, 'plugin.list', () => [{}]]] },
  'POST /api/plugins/reload': { may: [['POST /api/plugins/reload', 'plugin.reload', () => ({}), 'plugin.reload', () => []]] },
  'POST /api/plugins/{name}/reload': {
    may: [['POST /api/plugins/q/reload', 'plugin.reload', () => ({}), 'plugin.reload', () => ['q']]],
    done: () => ({ at: { name: 'office' } }),
  },
  'GET /api/plugins/{name}/limits': {
    may: [['GET /api/plugins/q/limits', 'plugin.limits', null, 'plugin.limits', () => ['q']]],
    done: () => ({ at: { name: 'office' } }),
  },
  'POST /api/plugins/{name}/disable': {
    may: [['POST /api/plugins/q/disable', 'plugin.disable', () => ({}), 'plugin.disable', () => ['q']]],
    done: () => ({ at: { name: 'spare' }, body: { why: 'To try' } }),
  },
  'POST /api/plugins/{name}/enable': {
    may: [['POST /api/plugins/q/enable', 'plugin.enable', () => ({}), 'plugin.enable', () => ['q']]],
    done: () => ({ at: { name: 'spare' } }),
  },
  'POST /api/plugins/{name}/grant': {
    may: [['POST /api/plugins/q/grant', 'plugin.grant 404', () => ({}), 'plugin.grant', () => ['q']]],
    done: async (x) => ({ at: { name: await x.waiting() }, body: {} }),
  },
  'POST /api/plugins/{name}/migrate': {
    may: [['POST /api/plugins/q/migrate', 'plugin.reload', () => ({ dry_run: true }), 'plugin.migrate', () => ['q', { dry_run: true }]]],
    done: () => ({ at: { name: 'office' }, body: { dry_run: true } }),
  },
  'GET /api/reports': { may: [['GET /api/reports', 'known']] },
  'GET /api/reports/{name}': {
    may: [
      ['GET /api/reports/sums', 'report.run', null, 'report.run', () => ['sums', {}]],
      ['GET /api/reports/nothing', 'known 404'],
    ],
    done: () => ({ at: { name: 'rows' }, query: { least: 1 } }),
  },
  'POST /api/files': {
    may: [['POST /api/files', 'known', () => 'bytes']],
    done: () => ({ query: { name: 'a.txt' }, bytes: 'some text' }),
  },
  'GET /api/files/{id}': {
    may: [['GET /api/files/99', 'public 404']],
    done: async (x) => ({ at: { id: await x.file() } }),
  },
  'GET /api/files/{id}/about': {
    may: [['GET /api/files/99/about', 'known 404', null, 'file.show', () => [99]]],
    done: async (x) => ({ at: { id: await x.file() } }),
  },
  'GET /metrics': { may: [['GET /metrics', 'system.metrics']] },
  'GET /health': { may: [['GET /health', 'public']] },
  'POST /x/p/do/may': { may: [['POST /x/p/do/may', 'known', () => ({ verb: 'x.y', paper: 1 })]] },
  'GET /api/events': { own: 'a stream of what its reader may see: tests/service/events.test.mjs', elsewhere: 'a stream that does not end: tests/service/events.test.mjs' },
  'GET /t/{token}': { own: 'a secret link', done: async (x) => ({ at: { token: await x.link() } }) },
  'POST /t/{token}': { own: 'a secret link', done: async (x) => ({ at: { token: await x.link() }, form: { decision: 'approve' } }) },
  'GET /t/{token}/files/{id}': { own: 'a secret link', done: async (x) => { const { id, file } = await x.attached(); return { at: { token: await x.link(id), id: file } }; } },
  'GET /calendar/{file}': { own: 'a secret link', done: async (x) => ({ at: { file: await x.calendar() } }) },
  'GET /unsubscribe/{token}': { own: 'a secret link', elsewhere: 'its token is in a mail that was sent: tests/service/mail.test.mjs' },
  'POST /unsubscribe/{token}': { own: 'a secret link', elsewhere: 'its token is in a mail that was sent: tests/service/mail.test.mjs' },
  'GET /': { own: 'everybody' },
  'GET /page.css': { own: 'everybody' },
  'GET /tasks': { own: 'one\'s own session' },
  'GET /tasks/decide': { own: 'one\'s own session' },
  'POST /tasks/decide': { own: 'one\'s own session' },
  'GET /tasks/{id}': { own: 'one\'s own session' },
  'POST /tasks/{id}': { own: 'one\'s own session' },
  'GET /texts/{id}': { own: 'one\'s own session' },
  'POST /texts/{id}': { own: 'one\'s own session' },
  'POST /auth/login': { own: 'one\'s own session' },
  'POST /auth/logout': { own: 'one\'s own session' },
  'GET /auth/me': { own: 'one\'s own session' },
  'GET /auth/sessions': { own: 'one\'s own session' },
  'DELETE /auth/sessions': { own: 'one\'s own session' },
  'DELETE /auth/sessions/{id}': { own: 'one\'s own session' },
  'POST /auth/password': { own: 'one\'s own session' },
  'POST /auth/totp': { own: 'one\'s own session' },
  'POST /auth/totp/confirm': { own: 'one\'s own session' },
  'POST /auth/totp/remove': { own: 'one\'s own session' },
  'POST /auth/reset': { own: 'one\'s own session' },
  'GET /auth/reset/{token}': { own: 'a secret link' },
  'POST /auth/reset/{token}': { own: 'a secret link' },
  'GET /auth/setup/{token}': { own: 'a secret link', elsewhere: 'the first administrator is there already: tests/service/auth.test.mjs' },
  'POST /auth/setup/{token}': { own: 'a secret link', elsewhere: 'the first administrator is there already: tests/service/auth.test.mjs' },
  'GET /auth/oidc/start': { own: 'one\'s own session', elsewhere: 'there is no provider here: tests/service/oidc.test.mjs' },
  'GET /auth/oidc/callback': { own: 'one\'s own session', elsewhere: 'there is no provider here: tests/service/oidc.test.mjs' },
  'GET /login': { own: 'one\'s own session' },
  'POST /login': { own: 'one\'s own session' },
  'GET /login/code': { own: 'one\'s own session' },
  'POST /login/code': { own: 'one\'s own session' },
  'GET /login/forgot': { own: 'one\'s own session' },
  'POST /login/forgot': { own: 'one\'s own session' },
  'POST /logout': { own: 'one\'s own session' },
  'GET /account': { own: 'one\'s own session' },
  'GET /notices': { own: 'one\'s own session' },
  'POST /notices': { own: 'one\'s own session' },
  'GET /account/notices': { own: 'one\'s own session' },
  'POST /account/notices': { own: 'one\'s own session' },
  'GET /account/tokens': { own: 'one\'s own session' },
  'POST /account/tokens': { own: 'one\'s own session' },
  'GET /account/totp': { own: 'one\'s own session' },
  'POST /account/totp': { own: 'one\'s own session' },
  'POST /account/totp/confirm': { own: 'one\'s own session' },
  'POST /account/totp/remove': { own: 'one\'s own session' },
  'POST /account/password': { own: 'one\'s own session' },
  'POST /account/sessions': { own: 'one\'s own session' },
  'POST /account/sessions/{id}': { own: 'one\'s own session' },
  'GET /language/{lang}': { own: 'everybody', done: () => ({ at: { lang: 'en' } }) },
  'GET /api/reports/rows': { done: () => ({ query: { least: 1 } }) },
  'GET /x/office/rows/{id}': { done: () => ({ at: { id: 7 } }) },
  'POST /x/office/rows': { done: () => ({ body: { n: 7 } }) },
  'PUT /x/office/any/{key}': { done: () => ({ at: { key: 'k' }, body: {} }) },
};

const of = (what) => Object.fromEntries(Object.entries(ROUTES).filter(([, r]) => r[what]).map(([op, r]) => [op, r[what]]));
export const DOORS = Object.values(of('may')).flat(), EXCHANGES = of('done'), ELSEWHERE = of('elsewhere');
