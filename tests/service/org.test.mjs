// The organisation from outside: files in and out, changes of the tree, why somebody may; on both example organisations.
import { describe, it, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, TOP, Service, folder, serve, write } from '../lib/khung.mjs';

const REAL = join(TOP, 'examples/thanh-hoa/org');
const SCOUTS = join(TOP, 'examples/scouts');

const kinds = (units, kind) => units.filter((u) => u.kind === kind).length;
const text = (s, ...words) => execFileSync(KHUNG, ['--data', s.data, '--lang', 'en', ...words], { encoding: 'utf8' });

describe('the province', () => {
  const s = new Service(folder());

  it('is taken from a folder with its history', async () => {
    const done = await s.must('org', 'import', REAL);
    assert.ok(done.changes > 180);
    for (const [day, districts, communes] of [['2021-01-04', 27, 559], ['01/02/2024', 27, 558], ['2025-01-01', 26, 547], ['2025-07-01', 0, 166]]) {
      const units = await s.must('org', 'units', '--at', day);
      assert.deepEqual([kinds(units, 'district'), kinds(units, 'commune')], [districts, communes], day);
    }
    const unit = await s.must('org', 'unit', 'hoang-luu', '--at', '2025-07-01');
    assert.match(unit.successors[0].day, /^20\d\d-\d\d-\d\d$/);
    assert.equal(unit.successors[0].unit.name, 'Hội LHPN xã Hoằng Châu');
  });

  it('tells what would change and changes nothing when it is taken again', async () => {
    const r = await s.must('org', 'import', REAL, '--preview');
    assert.ok(r.ok);
    assert.deepEqual([r.new, r.changed, r.ended, r.gone].map((x) => x.length), [0, 0, 0, 0]);
    assert.ok(r.cells.length > 1000);
  });

  it('comes back from JSON and from CSV as it was', async () => {
    const dir = folder();
    text(s, 'org', 'export', join(dir, 'csv'), '--format', 'csv');
    text(s, 'org', 'export', join(dir, 'all.json'));
    const whole = readFileSync(join(dir, 'all.json'), 'utf8');
    for (const from of ['all.json', 'csv']) {
      const other = new Service(folder());
      await other.must('org', 'import', join(dir, from));
      assert.equal(text(other, 'org', 'export', '-'), whole, from);
    }
    const day = JSON.parse(text(s, 'org', 'export', '-', '--at', '2025-07-01'));
    assert.equal(day.units.length, 167);
    assert.equal(day.successors, undefined);
  });
});

describe('changes of the tree', () => {
  const s = new Service(folder());
  const org = join(s.dir, 'org.json');

  it('say first what hangs on the units', async () => {
    write(org, JSON.stringify({
      units: [{ code: 'top', name: 'Top', from: '2020-01-01' }, { code: 'mid', name: 'Mid', parent: 'top', from: '2020-01-01' },
        { code: 'a', name: 'A', parent: 'mid', from: '2020-01-01' }, { code: 'b', name: 'B', parent: 'mid', from: '2020-01-01' }],
      positions: [{ code: 'head', title: 'Head', roles: ['editor'] }],
      persons: [{ code: 'p', name: 'Pat' }, { code: 'q', name: 'Quinn' }],
      holders: [{ position: 'head', person: 'p', unit: 'a', from: '2020-01-01' }],
      delegations: [{ from: 'p', to: 'q', unit: 'a', since: '2021-01-01', until: '2099-12-31' }],
    }));
    await s.must('org', 'import', org);
    const words = ['org', 'merge', 'a', 'b', '--into', 'ab', '--name', 'A and B', '--day', '01/03/2022', '--act', '7/2022'];
    const plan = await s.must(...words, '--dry-run');
    assert.deepEqual(plan.ended.map((u) => u.code), ['a', 'b']);
    assert.equal(plan.holders[0].person, 'Pat');
    assert.equal(plan.delegations.length, 1);
    assert.equal(plan.open_tasks, 0);
    assert.equal((await s.must('org', 'units', '--at', '2022-03-01')).length, 4);
    await s.must(...words);
    assert.deepEqual((await s.must('org', 'units', '--at', '2022-03-01')).map((u) => u.code), ['ab', 'mid', 'top']);
    assert.deepEqual((await s.must('org', 'units', '--at', '2022-02-28')).map((u) => u.code), ['a', 'b', 'mid', 'top']);
    assert.equal((await s.must(...words)).unchanged, true);
  });

  it('are refused with the reason, and leave nothing', async () => {
    const r = await s.cli('org', 'abolish', 'mid', '--day', '2023-01-01');
    assert.equal(r.code, 1);
    assert.match(r.err, /Units stand below Mid/);
    assert.equal((await s.cli('org', 'merge', 'a', '--into', 'top', '--day', '2023-01-01')).code, 1);
    assert.equal((await s.cli('org', 'merge')).code, 2);
    assert.equal((await s.must('org', 'units', '--at', '2023-01-01')).length, 3);
    await s.must('org', 'abolish', 'mid', '--into', 'top', '--day', '2023-01-01');
    await s.must('org', 'rename', 'ab', '--name', 'AB', '--day', '2024-01-01');
    await s.must('org', 'split', 'ab', '--into', 'ab,top', '--day', '2024-06-01');
    assert.deepEqual((await s.must('org', 'units', '--at', '2024-01-01')).map((u) => u.name), ['AB', 'Top']);
  });
});

describe('what a role allows', () => {
  const s = new Service(folder());
  const roles = [{ name: 'drafter', verbs: ['content.*@in_review', 'content.edit@draft', 'flow.read'] }];

  it('may be bound to states, and comes back so from JSON and CSV', async () => {
    write(join(s.dir, 'org.json'), JSON.stringify({ roles, units: [{ code: 'x', name: 'X' }], persons: [{ code: 'p', name: 'P' }], users: [{ name: 'p', person: 'p' }], role_holders: [{ role: 'drafter', person: 'p', unit: 'x' }] }));
    await s.must('org', 'import', join(s.dir, 'org.json'));
    text(s, 'org', 'export', join(s.dir, 'csv'), '--format', 'csv');
    for (const from of ['org.json', 'csv']) {
      const other = new Service(folder());
      await other.must('org', 'import', join(s.dir, from));
      assert.deepEqual(JSON.parse(text(other, 'org', 'export', '-')).roles.find((r) => r.name === 'drafter'), roles[0]);
    }
    const why = await s.must('why', 'p', 'content.edit', 'unit:x');
    assert.equal(why.may, false);
    assert.match(why.sentence, /drafter \(draft\)/);
    const verb = (await s.must('verbs')).find((v) => v.verb === 'content.edit');
    assert.deepEqual([verb.given, verb.where, verb.states[0]], ['role', 'unit', 'draft']);
    assert.ok(verb.roles.includes('drafter (draft)') && verb.roles.includes('editor'));
  });

  it('is looked at in a preview: slips, states that never are, what no role gives', async () => {
    write(join(s.dir, 'slips.json'), JSON.stringify({ roles: [{ name: 'slips', verbs: ['content.aprove', 'user.add', 'awards.grant', 'content.edit'] }] }));
    const preview = await s.must('org', 'import', join(s.dir, 'slips.json'), '--preview');
    assert.equal(preview.warnings.length, 1);
    assert.match(preview.warnings[0].says, /"user\.add" is the administrator's/);
    write(join(s.dir, 'roles.csv'), 'name,verbs\nslips,content.edit@open\n');
    const r = await s.cli('org', 'import', join(s.dir, 'roles.csv'));
    assert.equal(r.code, 1);
    assert.match(r.err, /roles\.csv:2:2 verbs[^]*content\.edit@open/);
  });
});

describe('files that are no organisation', () => {
  const s = new Service(folder());
  const units = () => s.must('org', 'units');
  const refused = async (name, bytes, what) => {
    const path = join(s.dir, name);
    writeFileSync(path, bytes);
    const r = await s.cli('org', 'import', path);
    assert.equal(r.code, 1, `${name}: ${r.out}`);
    assert.match(r.err, what);
    assert.deepEqual(await units(), []);
  };

  it('are refused whole, with line and column', async () => {
    await refused('units.csv', 'code,name,from\nx,X,2021-01-01\ny,Y,31/02/2021\nz,,\n', /units\.csv:3:3 from[\s\S]*31\/02\/2021/);
    await refused('units.csv', Buffer.from('code,name\nx,X\ny,\xff\xfe\n', 'latin1'), /Line 3 is not UTF-8/);
    await refused('units.csv', 'code,name\nx,X\0Y\n', /Line 2 has a zero byte/);
    await refused('units.csv', `code,name\nx,${'y'.repeat(1 << 20)}\n`, /cell is too long/);
    await refused('units.csv', `code,name\n"x${'\n'.repeat(1 << 18)}`, /too many lines|not closed/);
    await refused('org.json', Buffer.from('{"units":[{"code":"x","name":"\xff"}]}', 'latin1'), /UTF-8/);
    await refused('org.json', '{"units":[{"code":"x","name":"X","status":"published"}]}', /no column/);
    await refused('big.json', `{"units":[${'['.repeat(100000)}`, /JSON/);
    await refused('units.csv', 'x'.repeat(65 << 20), /too (large|long|big)|size|limit/i);
  });
});

describe('cells that a spreadsheet would run', () => {
  it('are texts, there and back', async () => {
    const s = new Service(folder());
    const evil = '=HYPERLINK("http://evil.example","x")';
    write(join(s.dir, 'org.json'), JSON.stringify({ units: [{ code: 'x', name: evil }, { code: 'y', name: '@SUM(A1)' }] }));
    await s.must('org', 'import', join(s.dir, 'org.json'));
    text(s, 'org', 'export', join(s.dir, 'csv'), '--format', 'csv');
    const csv = readFileSync(join(s.dir, 'csv/units.csv'), 'utf8');
    assert.match(csv, /"'=HYPERLINK/);
    for (const cell of csv.split(/[,\r\n]+/)) assert.doesNotMatch(cell, /^"?[=@+-]/);
    const other = new Service(folder());
    await other.must('org', 'import', join(s.dir, 'csv'));
    assert.equal((await other.must('org', 'units')).find((u) => u.code === 'x').name, evil);
  });
});

test('a preview shows on a terminal how each cell was read', () => {
  const s = new Service(folder());
  write(join(s.dir, 'persons.csv'), '\ufeffcode;name\nan; Nguyễn Văn An \nbad code;B\n');
  const r = spawnSync(KHUNG, ['--data', s.data, '--lang', 'en', 'org', 'import', join(s.dir, 'persons.csv'), '--preview'], { encoding: 'utf8' });
  assert.equal(r.status, 1);
  assert.match(r.stdout, /Cells, as they were read \(4\)/);
  assert.match(r.stdout, /persons\.csv +2 +2 +name +.*Nguyễn Văn An.*blanks around it were left out/);
  assert.match(r.stdout, /Wrong \(1\):[\s\S]*cannot be a code/);
});

describe('the scouts', () => {
  it('run the same plugins with data of their own', async () => {
    const s = await serve({
      dir: folder(),
      plugins: `${TOP}/plugins:${SCOUTS}/plugins`,
      config: { settings: join(SCOUTS, 'settings.json'), lang: 'en', zone: 'Europe/London' },
    });
    await s.must('org', 'import', join(SCOUTS, 'org'));
    const units = await s.must('org', 'units', '--at', '2021-01-04');
    assert.deepEqual([...new Set(units.map((u) => u.kind))].sort(), ['district', 'group', 'national', 'region']);

    const id = async (code) => (await s.must('org', 'unit', code)).unit.id;
    const start = (flow, user, input) => s.must('flow', 'start', flow, '--as', user, '--input', JSON.stringify(input));
    const decide = async (user, title, decision) => {
      const tasks = await s.must('task', 'list', '--user', user), task = tasks.find((x) => x.title.includes(title));
      assert.ok(task, `${user} has no "${title}": ${JSON.stringify(tasks)}`);
      await s.must('task', 'decide', task.id, '--as', user, '--decision', decision);
    };

    // The merit of a group: its district endorses, two of the three of the panel approve, the chief signs.
    const national = await id('national'), group = await id('1st-ashford');
    const opened = await start('awards.open_round', 'tom',
      { year: 2021, award: 'Silver Lantern', authority: 'The Lantern Scouts', council: national });
    const { result } = await s.until(opened.id, 'completed');
    const frost = JSON.parse(text(s, 'org', 'export', '-')).persons.findIndex((p) => p.code === 'frost') + 1;
    const run = await start('awards.nominate', 'jo', { round: result.round, unit: group, proposer: frost,
      nominee: '1st Ashford Group', kind: 'collective', achievement: 'Two hundred trees in 2020', statement: 'Planted a wood.' });
    await decide('peter', 'Silver Lantern', 'approve');
    await decide('tom', 'Silver Lantern', 'approve');
    await decide('nia', 'Silver Lantern', 'approve');
    await decide('ruth', 'Silver Lantern', 'approve');
    await decide('jo', 'Silver Lantern', 'noted');
    const done = await s.until(run.id, 'completed');
    assert.deepEqual([done.result.granted, done.result.decision_number], [true, 1]);

    // Who may decide is told with the reason.
    const why = await s.must('why', 'peter', 'content.publish', 'unit:1st-ashford');
    assert.equal(why.may, true);
    assert.match(why.sentence, /District Commissioner of Ashford District, which carries the role editor/);
    const no = await s.must('why', 'ike', 'content.publish', 'unit:1st-ashford');
    assert.equal(no.may, false);
    assert.match(no.sentence, /none of the roles that allow it here \(editor\)/);
    const who = await s.must('who-can', 'content.publish', `unit:1st-ashford`);
    assert.deepEqual(who.map((w) => w.user).sort(), ['mair', 'nia', 'peter', 'ruth', 'tom']);
    assert.deepEqual((await s.must('who-can', 'content.publish', 'unit:1st-kelby')).map((w) => w.user).sort(), ['ruth', 'tom']);
    assert.equal((await s.must('why', 'admin', 'content.publish')).may, false);

    // A task of the panel: its members may decide, others are told why not.
    await start('scouts.appoint', 'jo', { panel: 'awards-panel', position: 'group_leader', unit: group, person: frost + 1, proposer: frost });
    const tasks = await s.must('task', 'list', '--user', 'ruth');
    const task = tasks.find((x) => x.title.includes('National Awards Panel'));
    assert.ok(task, JSON.stringify(tasks));
    assert.equal((await s.must('who-can', 'decide', `task:${task.id}`)).length, 1);
    const sam = await s.must('why', 'sam', 'decide', `task:${task.id}`);
    assert.equal(sam.may, false);
    assert.match(sam.sentence, /Sam Hill may not decide: it was asked of Ruth Adams/);
    await s.stop();
  });
});

describe('delegations', () => {
  it('are given, listed, explained and ended', async () => {
    const s = new Service(folder());
    await s.must('org', 'import', join(SCOUTS, 'org'));
    const add = ['delegation', 'add', '--from', 'dunn', '--to', 'evans', '--scope', 'district_commissioner', '--until', '2199-12-31', '--act', '12/2021'];
    const id = await s.must(...add);
    assert.match((await s.cli(...add)).err, /already on some of these days/);
    assert.match((await s.cli('delegation', 'add', '--from', 'evans', '--to', 'frost', '--scope', 'district_commissioner', '--until', '2199-12-31')).err,
      /cannot be passed on/);
    const slip = await s.cli('delegation', 'list', '--persn', 'evans');
    assert.equal(slip.code, 2);
    assert.match(slip.err, /no flag --persn.*\n.*khung delegation list/s);
    assert.equal((await s.cli('audit', 'list', '--limit', 'ten')).code, 2);
    const [one] = await s.must('delegation', 'list', '--person', 'evans');
    assert.deepEqual([one.id, one.from.name, one.act, one.holds], [id, 'Peter Dunn', '12/2021', true]);
    await s.must('delegation', 'revoke', id);
    assert.deepEqual(await s.must('delegation', 'list'), []);
    assert.equal((await s.cli('delegation', 'revoke', id)).code, 1);
  });
});

describe('over HTTP', () => {
  it('the same is asked, and rights are asked for', async () => {
    const s = await serve({ dir: folder() });
    await s.admin();
    const lists = { units: [{ code: 'n', name: 'New', parent: 'office', from: '2021-01-01' }] };
    const preview = await s.request('POST', '/api/org/import', { lists, options: { preview: true } });
    assert.equal(preview.status, 200);
    assert.deepEqual(preview.json.new.map((x) => x.key), ['n']);
    assert.equal((await s.request('GET', '/api/units')).json.length, 1);
    assert.equal((await s.request('POST', '/api/org/import', { lists })).status, 200);
    const bad = await s.request('POST', '/api/org/import', { lists: { units: [{ code: 'm', name: 'M', from: 'never' }] } });
    assert.equal(bad.status, 422);
    assert.match(JSON.stringify(bad.json), /never/);
    const change = { how: 'rename', unit: 'n', name: 'Newer', day: '2022-01-01' };
    assert.equal((await s.request('POST', '/api/org/change', { change })).status, 200);
    assert.equal((await s.request('GET', '/api/units/n?at=2022-01-01')).json.unit.name, 'Newer');
    assert.equal((await s.request('GET', '/api/units/n?at=2021-12-31')).json.unit.name, 'New');
    assert.equal((await s.request('GET', '/api/org/export')).json.unit_names.length, 1);
    assert.equal((await s.request('GET', '/api/why?user=boss&verb=content.publish')).json.may, true);
    assert.ok((await s.request('GET', '/api/who-can?verb=content.publish&thing=unit:n')).json.length >= 1);

    const given = await s.request('POST', '/api/delegations', { from: 'boss', to: 'guest', until_: '2199-01-01' });
    assert.equal(given.status, 201);
    assert.equal((await s.request('GET', '/api/delegations?person=boss')).json.length, 1);

    // Somebody without rights: nothing of it, but why they themselves may not.
    await s.must('user', 'add', 'guest', '--person', 'guest');
    const token = (await s.must('user', 'token', 'guest')).token;
    const as = { authorization: `Bearer ${token}` };
    for (const [method, path, body] of [['POST', '/api/org/import', { lists }], ['GET', '/api/org/export'],
      ['POST', '/api/org/change', { change }], ['GET', '/api/delegations'], ['POST', `/api/delegations/${given.json}/revoke`, {}],
      ['POST', '/api/delegations', { from: 'boss', to: 'guest', until_: '2198-01-01' }], ['GET', '/api/why?user=boss&verb=x.y'], ['GET', '/api/who-can?verb=x.y']])
      assert.equal((await s.request(method, path, body, as)).status, 403, path);
    const seen = (await s.request('GET', '/api/units/office', undefined, as)).json;
    assert.ok(seen.children.length === 1 && seen.holders === undefined && seen.delegations === undefined);
    assert.ok((await s.request('GET', '/api/units/office')).json.holders.length >= 1);
    assert.equal((await s.request('GET', '/api/why?user=guest&verb=content.publish', undefined, as)).json.may, false);
    for (const path of ['/api/units/n', '/api/org/export', '/api/why?user=guest&verb=x.y'])
      assert.ok([401, 403].includes((await s.request('GET', path, undefined, { authorization: undefined })).status), path);
    await s.stop();
  });
});
