// Lists over REST: every one in pages by one convention. What may be asked stands in the OpenAPI document; what is not there is refused
// with what there is; pages put together are the whole, whatever comes between them.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { folder, plugin, serve, write } from '../lib/khung.mjs';
import { join } from 'node:path';

const SOURCE = `
content.type("note", { fields = { title = "text!", rank = "integer", day = "date", hot = "boolean" }, title = "title", index = { { "rank" }, { "day" } } })
content.type("page", { fields = { title = "text!", body = "text" }, title = "title", approval = false })
flow.define("asks", { title = "Asks", input = { n = "integer" } }, function(run, input)
  return run:ask { to = { position = "head", unit = "office" }, title = "Task " .. (input.n or 0), within = (10 + (input.n or 0) % 3) .. "h" }.decision
end)
flow.define("work", { title = "Work", input = {} }, function() return 1 end)
flow.define("lone", { title = "Lone", input = {} }, function(run)
  run:ask { to = { position = "nobody", unit = "office" }, title = "Nobody" }
end)
local nums = storage.table("num", { fields = { n = "integer!" }, index = { { "n" } } })
flow.define("put", { title = "Put", input = { n = "integer!" } }, function(run, input) nums:insert { n = input.n } end)
report.define("nums", { columns = { { "n", "integer", total = "sum" } } }, function(p, out)
  for _, r in ipairs(nums:find({}, { order = "n" })) do out:row { r.n } end
end)
report.define("one", { columns = { { "n", "integer" } } }, function(p, out) out:row { 1 } end)
report.define("two", { columns = { { "n", "integer" } } }, function(p, out) out:row { 2 } end)
schedule.cron("daily", "0 7 * * *", { flow = "work" })
schedule.cron("weekly", "0 7 * * mon", { flow = "work" })
schedule.cron("yearly", "0 7 1 1 *", { flow = "work" })
`;
const N = 7;

let s, doc, lists;

const people = (from, to) => ({ persons: Array.from({ length: to - from }, (_, i) => ({ code: `p${String(from + i).padStart(3, '0')}`, name: `Person ${from + i}`, email: `p${from + i}@x.vn` })) });
const importMore = async (tree) => {
  const file = join(s.dir, `more-${Math.random()}.json`);
  write(file, JSON.stringify(tree));
  await s.must('org', 'import', file);
};
const start = (n, flow = 'office.asks') => s.request('POST', '/api/runs', { flow, input: flow.endsWith('asks') ? { n } : {} });
const note = (n) => s.request('POST', '/api/content/note', { title: `Note ${n}`, rank: n % 3, day: `2021-01-0${1 + (n % 9)}`, hot: n % 2 === 0 });

before(async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "storage", "content", "people", "report", "schedule" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  for (const role of ['auditor', 'organiser', 'editor', 'operator', 'privacy']) await s.must('user', 'role', 'boss', role);
  const more = people(0, N);
  await importMore({ ...more, units: Array.from({ length: N }, (_, i) => ({ code: `u${i}`, name: `Unit ${i}`, kind: i % 2 ? 'commune' : 'ward', parent: 'office' })),
    positions: Array.from({ length: N }, (_, i) => ({ code: `pos${i}`, title: `Position ${i}` })),
    holders: more.persons.map((p, i) => ({ person: p.code, position: `pos${i % 3}`, unit: `u${i % 2}`, from: '2020-01-01' })),
    bodies: Array.from({ length: 4 }, (_, i) => ({ code: `b${i}`, name: `Body ${i}`, unit: `u${i % 2}` })) });
  for (let i = 0; i < N; i++) {
    await start(i);
    await note(i);
    await s.must('user', 'add', `user${i}`);
    await s.must('user', 'token', 'boss', '--label', `t${i}`);
    await s.must('webhook', 'add', `http://127.0.0.1:9/${i}`, '--events', 'content.published');
  }
  for (let i = 0; i < 3; i++) await s.must('delegation', 'add', '--from', `p00${i}`, '--to', `p00${i + 1}`, '--until', '2199-01-01');
  for (let i = 0; i < 3; i++) await start(i, 'office.lone');
  const run = rows(await ask('/api/runs', { flow: 'office.asks' }))[0].id;
  const task = rows(await ask('/api/tasks', { user: 'boss' }))[0].id, item = rows(await ask('/api/content/note'))[0].id;
  for (let i = 0; i < 5; i++) await s.request('POST', `/api/tasks/${task}/${i % 2 ? 'release' : 'claim'}`, {});
  for (let i = 0; i < 5; i++) await s.request('POST', `/api/tasks/${task}/comments`, { text: `Remark ${i}` });
  for (let i = 0; i < 5; i++) {
    const was = await s.request('GET', `/api/content/note/${item}/draft`);
    assert.equal((await s.request('PATCH', `/api/content/note/${item}`, { hot: i % 2 === 0 }, { 'if-match': was.headers.etag })).status, 200);
  }
  const ids = { runs: run, tasks: task, content: item };
  needed['/api/who-can'].thing = `task:${task}`;
  doc = (await s.request('GET', '/api/openapi.json')).json;
  lists = Object.entries(doc.paths).filter(([, p]) => p.get?.parameters?.some((x) => x.name === 'sort'))
    .map(([path, p]) => ({ path: path.replace('{type}', 'note').replace('{name}', path.includes('/plugins/') ? 'office' : 'boss').replace('{id}', ids[path.split('/')[2]] ?? '1'), of: p.get }));
});
after(() => s?.stop());

const rows = (r) => (Array.isArray(r.json) ? r.json : r.json.items ?? r.json.tasks);
const next = (r) => /^<([^>]+)>; rel="next"$/.exec(r.headers.link ?? '')?.[1];
// What a list cannot be asked without.
const needed = { '/api/who-can': { verb: 'decide' }, '/api/search': { text: 'note' } };
const at = (path, query) => `${path}?${new URLSearchParams({ ...needed[path], ...query })}`;
const ask = (path, query = {}) => s.request('GET', at(path, query));

async function walk(path, query, between) {
  const all = [], pages = [];
  for (let url = at(path, query), n = 0; url; n++) {
    const r = await s.request('GET', url);
    assert.equal(r.status, 200, `${url}: ${r.text}`);
    if (path !== '/api/audit') assert.ok(rows(r).length <= Number(query.limit), url); // all that one slice did stays on one page
    if (!Array.isArray(r.json)) assert.equal(r.json.next ?? undefined, next(r) && new URL(next(r), 'http://x').searchParams.get('after'), 'the body has the cursor, too');
    all.push(...rows(r));
    pages.push(rows(r).length);
    assert.ok(n < 1000);
    url = next(r);
    if (url) await between?.(n);
  }
  return { all, pages };
}

describe('every list', () => {
  it('is among those that were meant', () => {
    const paths = lists.map((l) => l.path);
    for (const noun of ['content/note', 'tasks', 'inbox', 'orphans', 'runs', 'persons', 'units', 'positions', 'holders', 'bodies', 'delegations', 'users', 'alike', 'users/boss/tokens',
      'users/boss/sessions', 'users/boss/roles', 'roles', 'members', 'audit', 'audit/anchors', 'notices', 'webhooks', 'webhooks/1/deliveries', 'outbox', 'plugins', 'schedule', 'errors', 'reports', 'who-can', 'plugins/office/limits', 'verbs', 'audit/erasures', 'overdue', 'search'])
      assert.ok(paths.includes(`/api/${noun}`), noun);
    for (const noun of ['runs', 'tasks', 'content/note']) assert.ok(paths.some((p) => p.startsWith(`/api/${noun}/`) && p.endsWith('/history')), noun);
    assert.ok(paths.includes('/auth/sessions'));
  });

  it('refuses what it does not know with 400 and what there is', async () => {
    for (const { path } of lists) {
      for (const [query, code] of [[{ nonsense: 1 }, 'list.parameter'], [{ 'nonsense[gte]': 1 }, 'list.parameter'], [{ sort: 'nonsense' }, 'list.sort'],
        [{ fields: 'nonsense' }, 'list.field'], [{ after: 'nonsense' }, 'find.cursor'], [{ limit: 'x' }, 'list.value'], [{ limit: 0 }, 'list.value']]) {
        const r = await ask(path, query);
        assert.equal(r.status, 400, `${path} ${JSON.stringify(query)} ${r.text}`);
        assert.equal(r.json.code, code, path);
        if (code !== 'find.cursor' && code !== 'list.value') assert.match(r.json.hint, /There is: -?\w/);
      }
      assert.match((await ask(path, { nonsense: 1 })).json.hint, /limit, after, sort, fields/);
    }
  });

  it('is the same in pages as whole, in every order of its document', async () => {
    let large = 0;
    for (const { path, of } of lists) {
      const key = { '/api/alike': 'name', '/api/positions': 'code', '/api/plugins': 'name', '/api/reports': 'name', '/api/roles': 'role', '/api/overdue': 'item', '/api/verbs': 'verb', '/api/audit': 'row', '/api/audit/anchors': 'day' }[path] ?? (/runs.*history$/.test(path) ? 'entry' : path.endsWith('/limits') ? 'limit' : 'id');
      for (const sort of of.parameters.find((p) => p.name === 'sort').schema.enum ?? ['id', '-id', 'rank', '-rank', 'day', '-changed_at']) {
        if (path === '/api/audit') continue; // reading it adds to it: below
        const whole = rows(await ask(path, { sort, limit: 1000 }));
        const { all } = await walk(path, { sort, limit: 2 });
        assert.deepEqual(all.map((r) => r[key]), whole.map((r) => r[key]), `${path} by ${sort}`);
        const field = sort.replace('-', '');
        const values = whole.map((r) => r[field]).filter((v) => typeof v === 'number' || typeof v === 'string');
        const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        assert.deepEqual(values, sort.startsWith('-') ? sorted.reverse() : sorted, `${path} by ${sort}`);
        if (whole.length > 2) large++;
        const few = rows(await ask(path, { sort, limit: 1, fields: key }));
        for (const r of few) assert.deepEqual(Object.keys(r), [key]);
      }
    }
    assert.ok(large > 25, `${large} with more than one page`);
  });

  it('of a search are stable: words in titles and with their marks first, then the newest, each once whatever comes between', async () => {
    const make = async (title, body) => (await s.request('POST', '/api/content/page', { title, body })).json.id;
    const folded = [], text = [], exact = [];
    for (let i = 0; i < 5; i++) {
      text.unshift(await make(`Other ${i}`, 'de an moi, đề án mới'));
      folded.unshift(await make(`De an ${i}`, 'x'));
      exact.unshift(await make(`Đề án ${i}`, 'de an'));
    }
    const plain = await make('Nothing', 'De an nao do'), wanted = [...exact, ...text, ...folded, plain];
    const query = { text: 'đề án', type: 'page' };
    for (const limit of [1, 2, 3, 5, 7, 16, 1000]) assert.deepEqual((await walk('/api/search', { ...query, limit })).all.map((r) => r.id), wanted, `${limit}`);
    const { all } = await walk('/api/search', { ...query, limit: 4 }, async (n) => n < 3 && (await make('Đề án mới', 'x'), await make('Tin', 'đề án'), await make('De an nua', 'x')));
    const seen = all.map((r) => r.id);
    assert.equal(new Set(seen).size, seen.length, 'none comes twice');
    assert.deepEqual(seen.filter((id) => wanted.includes(id)), wanted, 'none is missed, in the same order');
    assert.deepEqual(rows(await ask('/api/search', { ...query, limit: 1, fields: 'id,title' })).map((r) => Object.keys(r).sort()), [['id', 'title']]);
    assert.deepEqual((await walk('/api/search', { text: 'de an', type: 'note', limit: 2 })).all, []);
    assert.equal((await ask('/api/search', { text: 'x', after: new URL(next(await ask('/api/persons', { limit: 1 })), 'http://x').searchParams.get('after') })).json.code, 'find.cursor');
    // Drafts of others, however many have the words, change neither the pages nor the cursors of who may not see them.
    const reader = (await s.must('user', 'token', 'user0')).token, as = (q) => s.request('GET', at('/api/search', q), undefined, { authorization: `Bearer ${reader}` });
    assert.deepEqual(rows(await as(query)), []);
    for (const id of [exact[0], text[0], folded[0]]) assert.equal((await s.request('POST', `/api/content/page/${id}/publish`, {})).status, 200);
    const first = await as({ ...query, limit: 1 });
    assert.deepEqual(rows(first).map((r) => r.id), [exact[0]]);
    for (let i = 0; i < 9; i++) await make('Đề án', 'đề án đề án');
    assert.equal((await as({ ...query, limit: 1 })).text + next(await as({ ...query, limit: 1 })), first.text + next(first));
    assert.deepEqual(rows(await as(query)).map((r) => r.id), [exact[0], text[0], folded[0]]);
    // What is published and edited again is found by its newest text, once; by others as it is published.
    const was = await s.request('GET', `/api/content/page/${exact[0]}/draft`);
    assert.equal((await s.request('PATCH', `/api/content/page/${exact[0]}`, { title: 'Kế hoạch' }, { 'if-match': was.headers.etag })).status, 200);
    const both = { text: 'đề án', type: 'page', limit: 1000 };
    assert.ok(!rows(await ask('/api/search', both)).some((r) => r.title === 'Đề án 4'));
    assert.deepEqual(rows(await ask('/api/search', { text: 'ke hoach' })).map((r) => r.id), [exact[0]]);
    assert.equal(rows(await as(both))[0].title, 'Đề án 4');
    assert.deepEqual(rows(await ask('/api/search', { ...both, published: true })).map((r) => r.id), [exact[0], text[0], folded[0]]);
  });

  it('names all of its fields in the document', async () => {
    let named = 0;
    for (const { path, of } of lists) {
      const properties = of.responses[200].content['application/json'].schema.items?.properties;
      if (!properties) continue;
      const keys = new Set(rows(await ask(path, { limit: 1000 })).flatMap((r) => Object.keys(r)));
      assert.deepEqual([...keys].filter((k) => !properties[k]), [], path);
      for (const k of keys) for (const r of rows(await ask(path, { fields: k, limit: 20 }))) assert.deepEqual(Object.keys(r).filter((x) => x !== k), [], `${path} ${k}`);
      named += keys.size;
    }
    assert.ok(named > 90, `${named}`);
  });

  it('gives 100 rows unless it is told, and a thousand at most', async () => {
    await importMore(people(100, 1202));
    assert.equal(rows(await ask('/api/persons')).length, 100);
    assert.equal(rows(await ask('/api/persons', { limit: 5000 })).length, 1000);
    assert.ok((await s.must('org', 'persons')).length > 1100, 'the command shows all');
    assert.equal((await s.must('org', 'persons', '--limit', 5)).length, 5);
  });
});

describe('filters', () => {
  it('find by value and by range, in their types', async () => {
    assert.deepEqual(rows(await ask('/api/persons', { email: 'p3@x.vn' })).map((p) => p.code), ['p003']);
    assert.deepEqual(rows(await ask('/api/persons', { 'code[gte]': 'p001', 'code[lt]': 'p003' })).map((p) => p.code), ['p001', 'p002']);
    assert.deepEqual(new Set(rows(await ask('/api/units', { kind: 'ward' })).map((u) => u.kind)), new Set(['ward']));
    assert.equal(rows(await ask('/api/holders', { unit: 'u1' })).length, 3);
    assert.equal(rows(await ask('/api/holders', { unit: 'nowhere' })).length, 0);
    assert.deepEqual(rows(await ask('/api/users', { admin: 'true' })).map((u) => u.name), ['boss']);
    assert.equal((await ask('/api/users', { admin: 'perhaps' })).json.code, 'list.value');
    assert.deepEqual(new Set(rows(await ask('/api/runs', { state: 'running', limit: 3 })).map((r) => r.state)), new Set(['running']));
    const wrong = await ask('/api/runs', { state: 'sleeping' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.json.detail, /running, completed/);
    assert.equal(rows(await ask('/api/runs', { flow: 'office.lone' })).length, 3);
    assert.deepEqual(rows(await ask('/api/users/boss/tokens', { 'id[gt]': 0, limit: 1, fields: 'label' })).length, 1);
  });

  it('of runs are sought by plugin, flow and state, in each order and from any place', async () => {
    const all = rows(await ask('/api/runs', { limit: 1000 }));
    for (let i = 0; i < 9; i++) await start(i, 'office.work');
    const [one] = rows(await ask('/api/runs', { flow: 'office.asks', limit: 1 }));
    assert.equal((await s.request('POST', `/api/runs/${one.id}/cancel`, {})).status, 204);
    await s.until((await start(0, 'office.work')).json.id, 'completed');
    const now = rows(await ask('/api/runs', { limit: 1000 }));
    assert.ok(now.length > all.length);
    const middle = now[Math.floor(now.length / 2)].id;
    for (const query of [{ plugin: 'office' }, { plugin: 'nowhere' }, { state: 'running' }, { state: 'completed' }, { state: 'cancelled' }, { state: 'failed' }, { flow: 'work' }, { flow: 'office.asks', state: 'running' },
      { plugin: 'office', state: 'completed', 'id[lt]': middle }, { plugin: 'office', 'id[gte]': middle }, { state: 'running', 'id[lte]': middle }, { state: 'running', 'id[gt]': middle }, { state: 'running', id: middle }])
      for (const sort of ['id', '-id']) {
        const fits = now.filter((r) => (!query.plugin || r.plugin === query.plugin) && (!query.state || r.state === query.state) && (!query.flow || query.flow.split('.').pop() === r.flow)
          && !(r.id >= query['id[lt]']) && !(r.id < query['id[gte]']) && !(r.id > query['id[lte]']) && !(r.id <= query['id[gt]']) && (!query.id || r.id === query.id)).map((r) => r.id);
        if (sort === 'id') fits.reverse();
        const { all: found } = await walk('/api/runs', { ...query, sort, limit: 2 });
        assert.deepEqual(found.map((r) => r.id), fits, JSON.stringify({ ...query, sort }));
      }
  });

  it('with a range and without sort come in the order of its column', async () => {
    const at = rows(await ask('/api/notices', { limit: 1000 })).map((n) => n.at);
    assert.ok(at.length > 3);
    assert.deepEqual(at, [...at].sort((a, b) => b - a));
    assert.deepEqual(rows(await ask('/api/notices', { 'at[lte]': at[1] })).map((n) => n.at), at.filter((x) => x <= at[1]));
    const due = rows(await ask('/api/runs', { 'due[gte]': '2021-01-01' })).map((r) => r.due);
    assert.ok(due.length > 0);
    assert.deepEqual(due, [...due].sort((a, b) => b - a));
    assert.deepEqual((await walk('/api/runs', { 'due[gte]': '2021-01-01', limit: 1 })).all.map((r) => r.due), due);
  });

  it('of a type are its indexed fields', async () => {
    assert.equal(rows(await ask('/api/content/note', { rank: 1 })).length, 2);
    assert.equal(rows(await ask('/api/content/note', { 'rank[gte]': 1, 'rank[lt]': 2 })).length, 2);
    assert.equal(rows(await ask('/api/content/note', { 'day[lte]': '2021-01-02', sort: '-day' })).length, 2);
    for (const name of ['title', 'hot']) {
      const r = await ask('/api/content/note', { [name]: 'x' });
      assert.equal(r.status, 400);
      assert.match(r.json.hint, /rank\[gte\|gt\|lte\|lt\], |rank/);
    }
    assert.equal((await ask('/api/content/note', { sort: 'title' })).status, 400);
    assert.equal((await ask('/api/content/note', { sort: '-published_at' })).status, 400, 'drafts have no such order');
    assert.deepEqual(rows(await ask('/api/content/note', { sort: '-published_at', published: true })), []);
    assert.deepEqual(rows(await ask('/api/content/note', { sort: 'rank', fields: 'rank' })).map((r) => r.rank), [0, 0, 0, 1, 1, 2, 2]);
  });
});

describe('rows of a report', () => {
  const put = (n) => s.request('POST', '/api/runs', { flow: 'office.put', input: { n } });
  const path = '/api/reports/nums';
  it('come in pages; totals are of all', async () => {
    for (const n of [10, 20, 30, 40, 50, 60, 70]) await put(n);
    const seen = [];
    for (let at = `${path}?limit=3`; at;) {
      const r = await s.request('GET', at);
      assert.equal(r.status, 200, r.text);
      assert.equal(r.json.totals.n, 280);
      seen.push(r.json.rows.map((x) => x.n));
      at = next(r);
    }
    assert.deepEqual(seen, [[10, 20, 30], [40, 50, 60], [70]]);
    assert.equal((await ask(path)).json.rows.length, 7, 'whole when nothing is asked');
    assert.match((await s.request('GET', next(await ask(path, { limit: 2, format: 'csv' })))).text, /^n\r?\n30\r?\n40\r?\n/i);
  });
  it('go on while others come behind, and are refused when one before has changed', async () => {
    const first = await ask(path, { limit: 3 });
    await put(80);
    const second = await s.request('GET', next(first));
    assert.deepEqual(second.json.rows.map((x) => x.n), [40, 50, 60]);
    await put(15);
    for (const at of [next(first), next(second)]) {
      const r = await s.request('GET', at);
      assert.deepEqual([r.status, r.json.code], [409, 'report.changed'], r.text);
    }
    for (const [query, code] of [[{ after: 'x' }, 'find.cursor'], [{ limit: 0 }, 'list.value'], [{ limit: 'x' }, 'list.value'], [{ after: new URL(next(await ask('/api/persons', { limit: 1 })), 'http://x').searchParams.get('after') }, 'find.cursor']]) {
      const r = await ask(path, query);
      assert.deepEqual([r.status, r.json.code], [400, code]);
    }
  });
});

describe('pages while rows come', () => {
  // Those that were there come once each, whatever is put in before, between and behind them.
  const cases = {
    '/api/users': { sorts: ['name', '-name', 'id', '-id'], key: 'name', add: async (n) => { for (const c of ['a', 'user3x', 'z']) await s.must('user', 'add', `${c}${n}${Math.random().toString(36).slice(2)}`); } },
    '/api/runs': { sorts: ['id', '-id'], key: 'id', add: (n) => start(n) },
    '/api/inbox': { sorts: ['-id', 'due'], key: 'id', add: (n) => start(n) },
    '/api/content/note': { sorts: ['id', '-id', 'rank', '-rank', '-changed_at', 'day'], key: 'id', add: (n) => note(n) },
    '/api/persons': { sorts: ['code', '-code'], key: 'code', add: (n) => importMore({ persons: ['a', 'p500', 'z'].map((c) => ({ code: `${c}-${n}-${Math.random()}`.slice(0, 20), name: 'New' })) }) },
    '/api/audit': { sorts: ['-row'], key: 'row', add: (n) => note(n) },
  };
  for (const [path, { sorts, key, add }] of Object.entries(cases))
    it(path, async () => {
      for (const sort of sorts) {
        const old = rows(await ask(path, { sort, limit: 1000 })).map((r) => r[key]);
        const limit = Math.max(3, Math.ceil(old.length / 6));
        const { all, pages } = await walk(path, { sort, limit }, (n) => n < 8 && add(n));
        const seen = all.map((r) => r[key]);
        if (path !== '/api/audit') assert.equal(new Set(seen).size, seen.length, `${sort}: none comes twice`);
        const set = new Set(seen);
        assert.deepEqual(old.filter((k) => !set.has(k)), [], `${sort}: none is missed`);
        assert.ok(pages.length > 1);
      }
    });
});
