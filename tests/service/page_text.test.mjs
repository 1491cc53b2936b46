// The page of a text, as plain requests: who sees what of it, what is done by its buttons, what is refused, and what the audit
// says of it. How it looks and works in a browser: browser_text.test.mjs.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { office } from '../lib/office.mjs';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';

const EVIL = '"><script>alert(1)</script>';
const SOURCE = `content.type("memo", { fields = { title = "text!", body = "text", day = "date", scan = "file" }, title = "title", unit = true,
  approval = true, label = { vi = "Tờ trình", en = "Proposal" } })
route.get("/pic.svg", { title = "pic" }, function(req) return { svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>' } end)
flow.define("review", { title = "review", input = { item = "integer!" } }, function(run, input)
  return run:ask { to = { position = "head", unit = people.unit("north") }, title = "Read the memo", about = content.get("memo", input.item), see = "/x/t/pic.svg" }
end)
flow.define("crowd", { title = "crowd", input = { item = "integer!" } }, function(run, input)
  return run:ask { to = { role = "reviewer", unit = people.unit("north") }, title = "Read it", about = content.get("memo", input.item) }
end)`;
const ORG = {
  positions: [{ code: 'head', title: 'Head', roles: ['boss'] }, { code: 'clerk', title: 'Clerk', roles: ['writer'] }],
  roles: [{ name: 'boss', verbs: ['content.*', 'flow.*', 'task.*', 'people.*', 'report.*'] }, { name: 'writer', verbs: ['content.create', 'content.edit', 'content.submit', 'content.read_draft', 'content.archive'] }],
};

describe('the page of a text', () => {
  let s, north;
  const on = {};
  const memo = async (fields = {}, as = 'hoa') => {
    const r = await s.as(as)('POST', '/api/content/memo', { title: 'Đề án 2021', body: 'Nội dung', day: '04/01/2021', unit: north, ...fields });
    assert.equal(r.status, 201, r.text);
    return r.json.id;
  };
  const page = async (who, id, query = '') => on[who].request('GET', `/texts/${id}${query}`);
  const act = async (who, id, name, fields = {}) => on[who].submit(await on[who].form(`/texts/${id}`, name), fields);
  const has = (text, name) => text.includes(`name="_act" value="${name}"`);
  before(async () => {
    s = await office(SOURCE, { org: ORG, needs: '{ "flow", "storage", "content", "content:publish", "people", "route" }' });
    north = (await s.must('org', 'units')).find((u) => u.code === 'north').id;
    for (const name of ['lan', 'mai', 'hoa', 'cuc', 'dao']) {
      await s.as(name)('GET', '/api/inbox');
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
      on[name] = browser(s);
      assert.equal((await on[name].login(name, PASSWORD)).status, 200);
    }
  });
  after(() => s?.stop());

  it('shows title, kind, unit, state, author, fields as their types show them, and what happened', async () => {
    const id = await memo({ title: EVIL });
    const { status, text, headers } = await page('hoa', id);
    assert.equal(status, 200, text);
    assert.match(headers['content-security-policy'], /img-src 'self'/);
    assert.ok(!text.includes('<script>'), 'what is filled in is escaped');
    for (const part of ['Proposal', '<strong>Draft</strong>', 'Xã Bắc', '<dd>Hoa</dd>', '>04/01/2021</time>', 'Nội dung', 'khung content edit'])
      assert.ok(text.includes(part), `${part}: ${text}`);
    assert.match(text, /· Made · Revision 1 · Hoa/);
    const vi = await on.hoa.request('GET', `/texts/${id}`, undefined, { 'accept-language': 'vi' });
    assert.match(vi.text, /<strong>Bản nháp<\/strong>/);
    assert.match(vi.text, /Tờ trình/);
  });

  it('is for who may read the text: others get 404, whoever is not logged in the login', async () => {
    const id = await memo();
    for (const who of ['cuc', 'dao']) {
      const r = await page(who, id);
      assert.equal(r.status, 404, r.text);
      assert.doesNotMatch(r.text, /Đề án/);
    }
    assert.equal((await page('hoa', 999999)).status, 404);
    for (const path of ['/texts/x', '/texts/0', '/texts/99999999999999999999']) assert.equal((await on.hoa.request('GET', path)).status, 404, path);
    const r = await browser(s).request('GET', `/texts/${id}`);
    assert.equal(r.status, 303);
    assert.match(r.headers.location, new RegExp(`^/login\\?next=.*texts.*${id}`));
    assert.equal((await browser(s).request('POST', `/texts/${id}`, new URLSearchParams({ _act: 'archive', _revision: '1' }))).status, 303, 'the login, and nothing is done');
    // Without the word of the page nothing is done, either; nor for who may not read it.
    assert.equal((await on.hoa.request('POST', `/texts/${id}`, new URLSearchParams({ _act: 'archive', _revision: '1' }))).status, 403);
    const word = /name="_csrf" value="([^"]+)"/.exec((await on.cuc.request('GET', '/tasks')).text)[1];
    for (const _act of ['submit', 'approve', 'publish', 'archive'])
      assert.equal((await on.cuc.request('POST', `/texts/${id}`, new URLSearchParams({ _csrf: word, _act, _revision: '1' }))).status, 404);
    assert.match((await page('hoa', id)).text, /<strong>Draft/);
  });

  it('an author hands it in, and does not approve; another approves and publishes, then everybody reads it', async () => {
    const id = await memo();
    const first = (await page('hoa', id)).text;
    for (const name of ['submit', 'archive']) assert.ok(has(first, name), name);
    for (const name of ['approve', 'publish', 'schedule', 'send_back', 'retract']) assert.ok(!has(first, name), name);
    let r = await act('hoa', id, 'submit');
    assert.equal(r.status, 303, r.text);
    assert.equal(r.headers.location, `/texts/${id}?done=submit`);
    assert.match((await page('hoa', id, '?done=submit')).text, /role="status"><p>The text has been handed in/);
    // As head of the unit above, who has touched it: she is an author then.
    const mine = await memo({}, 'mai'), own = (await page('mai', mine)).text;
    assert.ok(!has(own, 'approve'));
    assert.match(own, /Approve this revision:<\/strong> Whoever wrote or submitted a text does not approve it/);
    assert.ok(!has((await page('mai', id)).text, 'publish'), 'not before it is approved');
    r = await act('mai', id, 'approve');
    assert.equal(r.status, 303, r.text);
    r = await act('mai', id, 'publish');
    assert.equal(r.status, 303, r.text);
    assert.match((await page('mai', id)).text, /Published · Revision 1 · Mai[^]*Approved · Revision 1 · Mai[^]*Handed in · Revision 1 · Hoa/);
    const seen = await page('dao', id);
    assert.equal(seen.status, 200);
    assert.match(seen.text, /Đề án 2021/);
    assert.doesNotMatch(seen.text, /name="_act"|What happened|Hoa/, 'no more than what is public');
  });

  it('binds to the revision that was looked at, and says so on the page', async () => {
    const id = await memo();
    const form = await on.mai.form(`/texts/${id}`, 'approve');
    const edited = await s.as('hoa')('PATCH', `/api/content/memo/${id}`, { body: 'Một nội dung khác' }, { 'if-match': '*' });
    assert.equal(edited.status, 200, edited.text);
    const r = await on.mai.submit(form, {});
    assert.equal(r.status, 409, r.text);
    assert.match(r.text, /role="alert"[^]*you looked at revision 1, there is a revision 2 now[^]*Một nội dung khác/);
    assert.match(r.text, /name="_revision" value="2"/);
    assert.match((await page('mai', id)).text, /<strong>Draft/);
    const changes = (await page('mai', id, '?from=1&to=2')).text;
    assert.match(changes, /<del><b>Before<\/b>Nội dung<\/del><ins><b>Now<\/b>Một nội dung khác<\/ins>/);
    assert.match((await page('mai', id, '?from=2&to=2')).text, /Nothing differs/);
    assert.match((await page('mai', id, '?from=1&to=77')).text, /role="alert"/);
  });

  it('keeps what was filled in when it is refused', async () => {
    const id = await memo();
    let r = await act('mai', id, 'send_back', { reason: '' });
    assert.equal(r.status, 422, r.text);
    assert.match(r.text, /A reason is needed/);
    assert.match(r.text, /<details open>\n<summary>Send it back/);
    await act('mai', id, 'approve');
    r = await act('mai', id, 'schedule', { at: '2031-01-05T08:00', until: '2030-01-01T08:00' });
    assert.equal(r.status, 422, r.text);
    assert.match(r.text, /value="2031-01-05T08:00"/);
    r = await act('mai', id, 'schedule', { at: '2031-01-05T08:00' });
    assert.equal(r.status, 303, r.text);
    assert.match((await page('mai', id)).text, /To be published<\/dt><dd><time datetime="2031-01-05T08:00">05\/01\/2031 08:00/);
    const missing = await act('mai', id, 'schedule', {});
    assert.equal(missing.status, 422);
    r = await act('mai', id, 'send_back', { reason: 'Thiếu số liệu' });
    assert.equal(r.status, 303);
    assert.match((await page('hoa', id)).text, /Sent back · Revision 1 · Mai\n<p class="lines">Thiếu số liệu/);
  });

  it('shows who is asked about it, as far as the reader may see their tasks, and the picture', async () => {
    const id = await memo(), run = await s.startFlow('t.review', { item: id }), [task] = await s.open(run);
    const mai = (await page('mai', id)).text;
    assert.match(mai, new RegExp(`href="/tasks/${task.id}">Read the memo</a>`));
    assert.match(mai, /Asked: Mai/);
    assert.match(mai, /<img class="picture" src="\/x\/t\/pic.svg" alt="[^"]+">/);
    const hoa = (await page('hoa', id)).text;
    assert.doesNotMatch(hoa, /Read the memo/);
    assert.match(hoa, /Others are asked to decide about it/);
    assert.match((await on.mai.request('GET', `/tasks/${task.id}`)).text, new RegExp(`href="/texts/${id}"`));
  });

  it('of a crowd that is asked it names some', async () => {
    const many = Array.from({ length: 250 }, (_, i) => `p${i}`);
    await s.org({ persons: many.map((code) => ({ code, name: `Person ${code}` })), role_holders: many.map((person) => ({ role: 'reviewer', person, unit: 'north', from: '2020-01-01' })),
      roles: [{ name: 'reviewer', verbs: ['task.decide'] }] });
    const id = await memo();
    await s.open(await s.startFlow('t.crowd', { item: id }));
    assert.match((await page('lan', id)).text, /Asked: Person p\d+(, Person p\d+){9} …/);
  });

  it('the plan of a draft is not told with the revision that is public', async () => {
    const id = await memo();
    await act('hoa', id, 'submit');
    await act('mai', id, 'approve');
    await act('mai', id, 'publish');
    const told = async () => [(await page('dao', id)).text, (await s.as('dao')('GET', `/api/content/memo/${id}`)).text, (await s.as('dao')('GET', '/api/search?q=Plan')).text];
    for (const text of (await told()).slice(0, 2)) assert.match(text, /Đề án 2021/);
    assert.match((await told())[1], /"publish_at":/);
    assert.equal((await s.as('hoa')('PATCH', `/api/content/memo/${id}`, { title: 'Plan of a draft' }, { 'if-match': '*' })).status, 200);
    await act('hoa', id, 'submit');
    await act('mai', id, 'approve');
    assert.equal((await act('mai', id, 'schedule', { at: '2031-01-05T08:00' })).status, 303);
    for (const text of await told()) assert.doesNotMatch(text, /2031|Plan of a draft/);
    assert.match((await page('mai', id)).text, /2031/);
  });

  it('a notice leads to it; reading a draft stands in the audit once a day, not of an author', async () => {
    const id = await memo();
    await act('hoa', id, 'submit');
    await act('mai', id, 'send_back', { reason: 'x' });
    const told = await s.until1('a notice', async () => (await s.must('notice', 'list', '--as', 'hoa')).find((n) => n.link === `/texts/${id}`));
    assert.equal(told.kind, 'content.sent_back');
    assert.match((await on.hoa.request('GET', '/notices')).text, new RegExp(`href="/texts/${id}"`));
    const reads = async () => (await s.must('audit', 'list', '--kind', 'item', '--id', String(id), '--verb', 'content.read')).items.map((row) => row.who);
    assert.deepEqual(await reads(), ['mai']);
    for (let i = 0; i < 2; i++) assert.equal((await page('lan', id)).status, 200);
    for (let i = 0; i < 2; i++) assert.equal((await page('hoa', id)).status, 200);
    assert.deepEqual((await reads()).sort(), ['lan', 'mai']);
  });

  it('an account that was disabled sees and does nothing more', async () => {
    const id = await memo({}, 'mai'), form = await on.hoa.form(`/texts/${id}`, 'submit');
    await s.must('user', 'disable', 'hoa');
    assert.equal((await page('hoa', id)).status, 303);
    assert.equal((await on.hoa.submit(form, {})).status, 303);
    await s.must('user', 'enable', 'hoa');
    assert.match((await page('mai', id)).text, /<strong>Draft/);
  });
});
