// Persons and units in forms of pages: sought by a part of the name, without marks and without a script, then chosen; by who may see them.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { sqlite } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';

const FORM = 'form = { decision = "choice:approve,return!", whom = { "person!", title = { en = "In charge" } }, place = { "unit", title = { en = "Place" } } }';
const SOURCE = [
  flow('pick', `return run:ask { to = { person("hoa"), person("dao"), person("lan") }, title = "Pick", ${FORM} }`),
  flow('north', 'return run:ask { to = { position = "head", unit = unit("north") }, title = "North" }'),
  flow('link', `return run:ask { to = person("tam"), title = "By a link", ${FORM} }`),
  flow('many', `return run:ask { to = { person("lan"), person("hoa") }, title = "Many", form = { decision = "choice:approve,return!", note = "text", team = { "list:person!", title = { en = "Team", vi = "Nhóm" }, default = { person("dao").id } }, places = { "list:unit", title = { en = "Places" } } } }`),
  flow('bare', 'return run:ask { to = person("tam"), title = "Bare", form = { decision = "choice:approve,return!" } }'),
  flow('ten', `return run:ask { to = person("lan"), title = "Ten", form = { decision = "choice:approve,return!", ${Array.from({ length: 10 }, (_, i) => `p${i} = "person"`).join(', ')} } }`),
].join('\n');
const NAMES = ['Nguyễn Thị Hường', 'Lê Đình Ước', 'Lê Thị Mại', 'Trần Mai', 'Đỗ <b>Mai</b> Hương'];

describe('persons and units of forms', () => {
  let s, hoa, lan, ids;
  const ask = async (name) => (await s.open(await s.startFlow(`t.${name}`)))[0];
  const decide = (b, id) => b.form(`/tasks/${id}`, 'decide');
  const found = (text) => [...text.matchAll(/<input type="radio" name="(?:whom|place|person|unit)" value="(\d+)"( checked)?(?: autofocus)?> <span>([^<]*)(?: <span class="soft">([^<]*))?/g)].map((m) => [Number(m[1]), m[3].trim(), m[4], Boolean(m[2])]);
  const form = (r, act) => ({ ...r, text: [...r.text.matchAll(/<form[^>]*>[^]*?<\/form>/g)].map((m) => m[0]).find((f) => f.includes(`value="${act}"`)) });
  const find = async (who, kind, name) => s.as(who)('GET', `/api/find?kind=${kind}&name=${encodeURIComponent(name)}`);
  const names = async (...q) => (await find(...q)).json.map((x) => x.name);
  before(async () => {
    s = await office(SOURCE, {
      org: {
        units: [{ code: 'province', name: 'Tỉnh', kind: 'province', from: '2020-01-01' }, ...['Đông Sơn', 'Đồng Tâm', 'Sơn Đông'].map((name, i) => ({ code: `u${i}`, name: `Xã ${name}`, kind: 'commune', parent: 'province', from: '2020-01-01' })), { code: 'gone', name: 'Xã Đông Cũ', kind: 'commune', parent: 'province', from: '2020-01-01', to: '2020-02-01' }, { code: 'north', name: 'Xã Bắc', kind: 'commune', parent: 'province', from: '2020-01-01' }, { code: 'south', name: 'Xã Nam', kind: 'commune', parent: 'province', from: '2020-01-01' }],
        persons: [...['lan', 'mai', 'hoa', 'cuc', 'dao', 'tam'].map((code) => ({ code, name: code[0].toUpperCase() + code.slice(1), email: `${code}@example.org` })), ...NAMES.map((name, i) => ({ code: `p${i}`, name }))],
        holders: [['head', 'province', 'lan'], ['head', 'north', 'mai'], ['clerk', 'north', 'hoa'], ['clerk', 'south', 'cuc'], ['clerk', 'u0', 'p0'], ['clerk', 'u1', 'p2'], ['clerk', 'u2', 'p3']].map(([position, unit, person]) => ({ position, unit, person, from: '2020-01-01' })),
      },
    });
    for (const name of ['hoa', 'lan']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
      s.tokens[name] = (await s.must('user', 'token', name)).token;
    }
    await s.must('user', 'role', 'lan', 'auditor');
    [hoa, lan] = [browser(s), browser(s)];
    for (const [b, name] of [[hoa, 'hoa'], [lan, 'lan']]) assert.equal((await b.loginPage(name, PASSWORD)).status, 303);
    ids = Object.fromEntries((await s.must('org', 'persons', '--limit', '100')).map((p) => [p.code, p.id]));
  });
  after(() => s.stop());

  it('are found by beginnings of words in any order, without marks, by code and by address', async () => {
    for (const [name, right] of [['huong', ['Đỗ <b>Mai</b> Hương', 'Nguyễn Thị Hường']], ['HƯƠNG', ['Đỗ <b>Mai</b> Hương', 'Nguyễn Thị Hường']], ['thi mai', ['Lê Thị Mại']], ['mai le', ['Lê Thị Mại']], ['do', ['Đỗ <b>Mai</b> Hương']], ['dinh uoc', ['Lê Đình Ước']],
      ['uoc', ['Lê Đình Ước']], ['p4', ['Đỗ <b>Mai</b> Hương']], ['tam@example.org', ['Tam']], ['ai', []], ['', []], ['  ', []], ['"*', []], ['%', []], ['mai%', ['Đỗ <b>Mai</b> Hương', 'Lê Thị Mại', 'Mai', 'Trần Mai']], ['a b c d e f g h', []]])
      assert.deepEqual((await names('lan', 'person', name)).sort(), [...right].sort(), name);
    assert.deepEqual(await names('hoa', 'unit', 'dong'), ['Xã Đông Sơn', 'Xã Đồng Tâm', 'Xã Sơn Đông'], 'not what is no unit today');
    assert.deepEqual((await find('hoa', 'unit', 'son dong')).json.map((x) => [x.name, x.where]), [['Xã Đông Sơn', 'Tỉnh'], ['Xã Sơn Đông', 'Tỉnh']]);
    for (const [q, status] of [['kind=person', 422], ['name=x', 422], ['kind=body&name=x', 422], [`kind=person&name=${'x'.repeat(5000)}`, 200], ['kind=person&name=%ff%fe', 422], ['kind=person&name=a%00b', 200]])
      assert.equal((await s.as('lan')('GET', `/api/find?${q}`)).status, status, q);
    assert.deepEqual((await s.must('org', 'find', '--kind', 'person', '--name', 'huong')).length, 2);
  });

  it('are those that one may see: who may not read all persons finds those who hold a position', async () => {
    assert.deepEqual(await names('hoa', 'person', 'mai'), ['Lê Thị Mại', 'Mai', 'Trần Mai'].sort((a, b) => a.localeCompare(b, 'vi')));
    assert.deepEqual((await find('hoa', 'person', 'huong')).json.map((x) => [x.id, x.name, x.where]), [[ids.p0, 'Nguyễn Thị Hường', 'Clerk, Xã Đông Sơn']]);
    assert.deepEqual([await names('hoa', 'person', 'p4'), await names('hoa', 'person', 'do mai')], [['Đỗ <b>Mai</b> Hương'], []], 'others by their whole code alone');
    assert.deepEqual([await names('lan', 'person', 'p4@example.org'), await names('hoa', 'person', 'tam@example.org'), await names('hoa', 'person', 'cuc@example.org')], [[], [], []], 'an address is no question for everybody');
    await s.must('user', 'add', 'root', '--admin');
    s.tokens.root = (await s.must('user', 'token', 'root')).token;
    assert.equal((await find('root', 'person', 'mai')).status, 403, 'the administrator of the system has no business rights');
    assert.equal((await s.request('GET', '/api/find?kind=unit&name=xa', undefined, { authorization: undefined })).status, 401);
    await s.org({ units: [{ code: '2021', name: 'Xã True', kind: 'commune', parent: 'province', from: '2020-01-01' }] });
    for (const text of ['true', 'TRUE', '2021']) assert.deepEqual(await names('hoa', 'unit', text), ['Xã True'], `${text} is a text`);
    await s.org({ persons: [{ code: 'p0', name: 'Phạm Thị Tên Mới' }] });
    assert.deepEqual([await names('hoa', 'person', 'huong'), await names('hoa', 'person', 'ten moi')], [[], ['Phạm Thị Tên Mới']], 'a name that changed');
    await s.org({ persons: [{ code: 'p0', name: NAMES[0] }] });
  });

  it('are sought in the form, which keeps what was filled in, and chosen', async () => {
    const { id, run } = await ask('pick'), page = await decide(lan, id);
    assert.match(page.text, /<label for="f-whom">In charge<\/label>\s*<p class="help" id="f-whom-help">Type a part of the name/);
    assert.match(page.text, /<button class="second" name="_find" value="whom" formnovalidate>Find<\/button>/);
    let r = await lan.submit(page, { decision: 'return', _person_whom: 'mai', _find: 'whom' });
    assert.equal(r.status, 200, r.text);
    assert.doesNotMatch(r.text, /role="alert"/);
    assert.match(r.text, /value="return" checked/);
    assert.deepEqual(found(r.text).map((f) => f[1]).sort(), ['Lê Thị Mại', 'Mai', 'Trần Mai', 'Đỗ &lt;b&gt;Mai&lt;/b&gt; Hương'].sort());
    assert.match(r.text, /name="whom" value="\d+" autofocus>/);
    const told = (await s.must('audit', 'list', '--verb', 'people.find', '--as', 'lan')).items;
    assert.ok(told.some((e) => e.who === 'lan' && e.name === 'mai'), JSON.stringify(told));
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    // The key Enter presses the first button of a form, wherever one has typed.
    r = await lan.submit(form(r, 'decide'), { decision: 'return', _person_whom: 'mai', _unit_place: 'sonn', _find: 'whom' });
    assert.match(r.text, /Nothing was found/);
    r = await lan.submit(form(r, 'decide'), { decision: 'return', _person_whom: 'mai', whom: ids.p2, _unit_place: 'dong tam', _find: 'place' });
    assert.deepEqual(found(r.text).filter((f) => f[3]).map((f) => f[1]), ['Lê Thị Mại', 'Xã Đồng Tâm'], 'what was chosen stays, one alone is chosen by itself');
    r = await lan.submit(form(r, 'decide'), { decision: 'approve', _person_whom: 'mai', whom: ids.p2, _unit_place: 'dong tam' });
    assert.equal(r.status, 303, r.text);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.whom, (await s.must('org', 'units', '--code', 'u1'))[0].id], [ids.p2, a.place]);
  });

  it('that fit one alone are taken as typed; many, none and what was typed since are asked about', async () => {
    const { id, run } = await ask('pick');
    for (const [typed, why, shown] of [['mai', /“In charge”: several have “mai” in their name\. Choose one\./, 4], ['xyz', /“In charge”: nobody and nothing is found by “xyz”/, 0], ['', /“In charge” is missing/, 0]]) {
      const r = await lan.submit(await decide(lan, id), { decision: 'approve', _person_whom: typed });
      assert.equal(r.status, 422);
      assert.match(r.text, why);
      assert.match(r.text, /<a href="#f-whom">[^]*id="f-whom-wrong"/);
      assert.equal(found(r.text).length, shown);
    }
    // Another name than the one for which these were shown: the choice of before is not meant any more.
    let r = await lan.submit(await decide(lan, id), { decision: 'approve', _person_whom: 'mai', _find: 'whom' });
    r = await lan.submit(form(r, 'decide'), { decision: 'approve', _person_whom: 'le', whom: ids.p3 });
    assert.equal(r.status, 422);
    assert.deepEqual(found(r.text).map((f) => [f[1], f[3]]), [['Lê Đình Ước', false], ['Lê Thị Mại', false]]);
    assert.equal((await lan.submit(await decide(lan, id), { decision: 'approve', _person_whom: 'uoc' })).status, 303);
    assert.equal((await s.done(run)).result.whom, ids.p1);
  });

  it('hand a task on: to a person, to others, to a position in a unit; why not is told', async () => {
    const send = async (b, id, act, fields) => b.submit(await b.form(`/tasks/${id}`, act), fields);
    let { id } = await ask('pick');
    let r = await send(hoa, id, 'delegate', { _person_person: 'mai', reason: 'away', _find: 'person' });
    assert.equal(r.status, 200);
    assert.match(r.text, /<details open>\s*<summary>Hand it to somebody else[^]*away<\/textarea>/);
    r = await hoa.submit(form(r, 'delegate'), { _person_person: 'mai', reason: 'away' });
    assert.match(r.text, /<a href="#delegate-person">“Person”: several[^]*id="delegate-person-wrong"/);
    r = await send(hoa, id, 'delegate', { _person_person: '' });
    assert.match(r.text, /href="#delegate-person">“Person” is missing/);
    r = await send(hoa, id, 'delegate', { _person_person: 'tran mai', reason: 'away' });
    assert.equal(r.headers.location, `/tasks/${id}?done=delegate`);
    assert.match((await hoa.request('GET', `/tasks/${id}`)).text, /Handed to somebody else · Hoa → Trần Mai/);
    assert.doesNotMatch((await hoa.request('GET', `/tasks/${id}`)).text, /value="reassign"/);
    assert.match((await hoa.request('GET', `/tasks/${id}`)).text, /What you cannot do with it, and why<\/h3>[^]*Ask others instead:<\/strong> [A-Z][^<]+</);
    // Who may ask others instead: of a person …
    r = await send(lan, id, 'reassign', { _person_person: 'dao', reason: '' });
    assert.match(r.text, /href="#reassign-reason">[^<]*Say why[^]*id="reassign-reason-wrong"/);
    r = await send(lan, id, 'reassign', { reason: 'x' });
    assert.match(r.text, /href="#reassign-person">“Person” is missing/);
    assert.equal((await send(lan, id, 'reassign', { _person_person: 'dao', reason: 'she knows' })).status, 303);
    assert.deepEqual((await s.must('task', 'show', id)).to.map((t) => t.person), [ids.dao]);
    // … or of a position in a unit.
    ({ id } = await ask('north'));
    r = await send(lan, id, 'reassign', { position: 'clerk', _unit_unit: 'son', reason: 'their own', _find: 'unit' });
    assert.match(r.text, /<option value="clerk" selected>Clerk/);
    assert.deepEqual(found(r.text).map((f) => f[1]), ['Xã Đông Sơn', 'Xã Sơn Đông']);
    assert.equal((await lan.submit(form(r, 'reassign'), { position: 'clerk', _unit_unit: 'son dong', reason: 'their own' })).status, 422);
    r = await lan.submit(form(r, 'reassign'), { position: 'clerk', _unit_unit: 'son', unit: found(r.text)[0][0], reason: 'their own' });
    assert.equal(r.status, 303, r.text);
    const [to] = (await s.must('task', 'show', id)).to;
    assert.deepEqual([to.position, to.unit], ['clerk', (await s.must('org', 'units', '--code', 'u0'))[0].id]);
  });

  it('of a list are ticked, stay, and are taken off one by one', async () => {
    const { id, run } = await ask('many'), field = (name) => new RegExp(`<input type="hidden" name="${name}" value="(\\d+)"><span>([^<]*)</span> <button class="plain" name="_drop" value="${name}:\\1" formnovalidate>`, 'g');
    const picked = (r, name = 'team') => [...r.text.matchAll(field(name))].map((m) => m[2]), ticks = (r, name = 'team') => [...r.text.matchAll(new RegExp(`<input type="checkbox" name="${name}" value="(\\d+)"( checked)?`, 'g'))].map((m) => [Number(m[1]), Boolean(m[2])]);
    const send = (r, fields) => lan.submit(form(r, 'decide'), { decision: 'approve', note: 'kept', ...fields });
    let r = await lan.request('GET', `/tasks/${id}`);
    assert.deepEqual(picked(r), ['Dao'], 'what stands in it by itself');
    assert.match(r.text, /Type a part of the name, press Find and tick/);
    r = await send(r, { _person_team: 'mai', _find: 'team' });
    assert.equal(r.status, 200, r.text);
    assert.deepEqual(ticks(r).map((t) => t[1]), [false, false, false, false]);
    assert.ok(r.text.indexOf('name="_find"') < r.text.indexOf('name="_drop"'), 'the key Enter never takes one off');
    r = await send(r, { team: [ids.p2, ids.mai], _person_team: 'mai', _unit_places: 'dong tam', _find: 'places' });
    assert.deepEqual([picked(r), ticks(r).length, ticks(r, 'places').map((t) => t[1])], [['Dao', 'Lê Thị Mại', 'Mai'], 2, [true]]);
    assert.match(r.text, /value="approve" checked[^]*kept<\/textarea>/);
    r = await send(r, { _person_team: 'mai', places: ticks(r, 'places')[0][0], _drop: `team:${ids.dao}` });
    assert.deepEqual([r.status, picked(r), picked(r, 'places')], [200, ['Lê Thị Mại', 'Mai'], ['Xã Đồng Tâm']]);
    // Typed and not sought: one alone is taken, several are asked about, none is told.
    r = await send(r, { _person_team: 'thi', _unit_places: 'xyz' });
    assert.equal(r.status, 422);
    assert.match(r.text, /“Team”: several have “thi” in their name\. Tick those who are meant\.[^]*“Places”: nobody and nothing is found by “xyz”/);
    assert.deepEqual([picked(r), picked(r, 'places')], [['Lê Thị Mại', 'Mai'], ['Xã Đồng Tâm']]);
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    r = await send(r, { _person_team: 'uoc', _unit_places: 'dong tam' });
    assert.equal(r.headers.location, `/tasks/${id}?done=decide`, r.text);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.team, a.places], [[ids.p2, ids.mai, ids.p1], (await s.must('org', 'units', '--code', 'u1')).map((u) => u.id)]);
    assert.match((await lan.request('GET', `/tasks/${id}`)).text, /<dt>Team<\/dt><dd>Lê Thị Mại<br>Mai<br>Lê Đình Ước<\/dd>[^]*<dd>Xã Đồng Tâm<\/dd>/);
  });

  it('of a list bear whatever is sent: none, one twice, codes, what is nobody, thousands', async () => {
    const post = async (id, team, more = {}) => { const page = await decide(lan, id), r = await lan.submit({ ...page, text: page.text.replace(/<ul class="picked">[^]*?<\/ul>/, typeof team === 'string' ? '' : '<input type="hidden" name="team" value="">') }, { decision: 'approve', team, ...more }); return r; };
    for (const [team, right] of [[['hoa', 'dao'], ['hoa', 'dao']], ['hoa\r\ndao\r\n', ['hoa', 'dao']]]) {
      const { id, run } = await ask('many');
      assert.equal((await post(id, team)).status, 303, 'a program names them by codes');
      assert.deepEqual((await s.done(run)).result.team, right.map((code) => ids[code]));
    }
    const { id, run } = await ask('many');
    for (const [team, more] of [[[], {}], ['', {}], ['no-such', {}], ['99999', {}], [['<b>x</b>', '-1'], {}], [`${ids.hoa}`, { _drop: 'team:x'.repeat(3), _find: 'nothing' }], [Array.from({ length: 3000 }, (_, i) => i + 1), {}]]) {
      const r = await post(id, team, more);
      assert.ok([200, 422, 429].includes(r.status), `${String(team).slice(0, 60)}: ${r.status}`);
      assert.doesNotMatch(r.text, /<b>x/);
      assert.match(r.text, /<\/html>\s*$/);
    }
    assert.match((await post(id, ['no-such', 'hoa'])).text, /name="_drop" value="team:no-such"/, 'what is wrong can be taken off');
    const cleared = await lan.submit(await decide(lan, id), { decision: 'approve', _drop: `team:${ids.dao}` }), empty = await lan.submit(form(cleared, 'decide'), { decision: 'approve' });
    assert.match(empty.text, /“Team” is missing/, 'who was taken off is not put back by the default');
    const other = (await (async () => { const page = await decide(hoa, id); return hoa.submit(page, { _person_team: 'do mai', _find: 'team' }); })()).text;
    assert.match(other, /Nothing was found/, 'of whom one may not know nothing is found');
    assert.equal((await post(id, [ids.hoa, ids.hoa])).status, 303);
    assert.deepEqual((await s.done(run)).result.team, [ids.hoa, ids.hoa]);
  });

  it('work on the page of a link, too', async () => {
    const { id, run } = await ask('link'), { path } = await s.must('task', 'link', id, 'tam'), b = browser(s);
    let r = await b.submit(await b.form(path), { decision: 'approve', _person_whom: 'mai', _find: 'whom' });
    assert.equal(r.status, 200);
    assert.deepEqual(found(r.text).map((f) => f[1]).sort(), ['Lê Thị Mại', 'Mai', 'Trần Mai'].sort(), 'of those who hold a position');
    r = await b.submit(form(r, 'whom'), { decision: 'approve', _person_whom: 'mai' });
    assert.equal(r.status, 422);
    assert.match(r.text, /several have “mai”/);
    assert.equal((await b.submit(form(r, 'whom'), { decision: 'approve', _person_whom: 'mai', whom: ids.p3 })).status, 200);
    assert.equal((await s.done(run)).result.whom, ids.p3);
  });

  it('are sought for what a form asks and for nothing else, a few at once', async () => {
    const { id, run } = await ask('bare'), { path } = await s.must('task', 'link', id, 'tam'), b = browser(s);
    const others = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`_person_a${i}`, i % 2 ? 'xyz' : 'mai']));
    const r = await b.submit(await b.form(path), { decision: 'approve', ...others, _unit_b: 'xyz' });
    assert.equal(r.status, 200, 'a name that is none tells nothing');
    assert.equal((await s.done(run)).result.decision, 'approve');
    const one = await ask('pick');
    assert.equal((await hoa.submit(await hoa.form(`/tasks/${one.id}`, 'comment'), { text: 'x', ...others })).status, 303);
    const ten = await ask('ten'), typed = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`_person_p${i}`, 'uoc']));
    const many = await lan.submit(await decide(lan, ten.id), { decision: 'approve', ...typed });
    assert.equal(many.status, 422);
    assert.equal([...many.text.matchAll(/id="f-p\d-wrong">“[^”]*”: choose one of those that are found by “uoc”/g)].length, 2, many.text);
    const chosen = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p${i}`, ids.p1]));
    assert.equal((await lan.submit(form(many, 'decide'), { decision: 'approve', ...typed, ...chosen })).status, 303);
    assert.equal((await s.done(ten.run)).result.p9, ids.p1);
  });

  it('of thousands are found in a few milliseconds', async () => {
    const last = ['An', 'Bình', 'Chi', 'Dung', 'Giang', 'Hà', 'Khánh', 'Lam', 'Minh', 'Nga'], middle = ['Thị', 'Văn', 'Đình', 'Xuân', 'Ngọc', 'Thu', 'Thanh', 'Kim', 'Hoài', 'Bảo'];
    await s.org({ persons: Array.from({ length: 5000 }, (_, i) => ({ code: `many${i}`, name: `Nguyễn ${middle[i % 10]} ${last[Math.floor(i / 10) % 10]} ${i}` })) });
    assert.equal((await names('lan', 'person', 'nguyen')).length, 51);
    assert.deepEqual(await names('lan', 'person', 'nguyen 4711'), ['Nguyễn Văn Bình 4711']);
    const took = [];
    for (let i = 0; i < 30; i++) {
      const began = performance.now();
      await find('lan', 'person', ['nguyen', 'nguyen thi an', 'n', 'minh'][i % 4]);
      took.push(performance.now() - began);
    }
    assert.ok(took.sort((a, b) => a - b)[15] < 150, `${took[15]} ms`);
    // Names that were stored by a program without words are found after the next start.
    await s.stop();
    sqlite(s.data, 'delete from people_word');
    await s.start();
    assert.deepEqual(await names('lan', 'person', 'nguyen 4711'), ['Nguyễn Văn Bình 4711']);
    assert.deepEqual(await names('lan', 'unit', 'dong tam'), ['Xã Đồng Tâm']);
  });
});
