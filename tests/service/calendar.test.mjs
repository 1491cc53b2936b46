// Calendar feeds: deadlines and publications of a person, read by Debian's icalendar.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, folder, pause, plugin, serve, sqlite } from '../lib/khung.mjs';

const SOURCE = `
content.type("news", { fields = { title = "text!", body = "text" }, title = "title", unit = true })
flow.define("ask", { input = { to = "json!", title = "text!", within = "text!" } }, function(run, input)
  return run:ask { to = input.to, title = input.title, within = input.within }
end)
flow.define("plan", { input = { title = "text!", at = "text!", unit = "unit!" } }, function(run, input)
  local item = content.create("news", { title = input.title, unit = input.unit })
  item = content.approve(content.submit(item), {})
  content.schedule(item, input.at)
  run:wait("content.move", { item = item.id })
end)
flow.define("move", { input = { id = "integer!", at = "text!" } }, function(run, input)
  content.schedule(content.get("news", input.id), input.at)
end)
`;
const ORG = {
  units: [{ code: 'office', name: 'Office', kind: 'office' }, { code: 'other', name: 'Other', kind: 'office' }],
  positions: [{ code: 'editor', title: 'Editor', roles: ['editor'] }, { code: 'none', title: 'None', roles: [] }],
  persons: [{ code: 'lan', name: 'Lan' }, { code: 'mai', name: 'Mai' }],
  holders: [{ person: 'lan', position: 'editor', unit: 'office' }, { person: 'mai', position: 'none', unit: 'office' }],
  users: [{ name: 'lan', person: 'lan', lang: 'vi' }, { name: 'mai', person: 'mai', lang: 'en' }],
};
const TITLE = 'Duyệt; “Đề án”, phần \\ 1 — hỗ trợ hộ nghèo, cận nghèo ở các xã miền núi phía Tây và vùng ven biển của tỉnh';

const read = (text) => JSON.parse(execFileSync('/usr/bin/python3', [join(TOP, 'tests/lib/read_calendar.py')], { input: text, encoding: 'utf8' }));

async function start(zone) {
  const dir = folder();
  plugin(dir, 'cal', SOURCE, { needs: '{ "flow", "content", "content:publish", "people" }' });
  writeFileSync(join(dir, 'org.json'), JSON.stringify(ORG));
  const s = await serve({ dir, config: { zone, url: 'https://khung.example.org' } });
  await s.must('org', 'import', join(dir, 'org.json'));
  s.link = new URL((await s.must('calendar', 'link', '--as', 'lan')).url).pathname;
  return s;
}

describe('the calendar feed', () => {
  let s;
  before(async () => {
    s = await start('Europe/Berlin');
  });
  after(() => s.stop());

  it('has deadlines in local time with the zone\'s rules, days as days, and texts whole', async () => {
    await s.startFlow('cal.ask', { to: { position: 'editor' }, title: `${TITLE}\nzweite Zeile`, within: '2030-07-01 08:30' });
    await s.startFlow('cal.ask', { to: { position: 'editor' }, title: 'winter', within: '2030-12-01 09:00' });
    await s.startFlow('cal.ask', { to: { position: 'editor' }, title: 'day', within: '2030-08-02' });
    await s.startFlow('cal.ask', { to: { position: 'none' }, title: 'for another', within: '2030-08-02' });
    const r = await s.request('GET', s.link);
    assert.equal(r.status, 200);
    assert.equal(r.headers['content-type'], 'text/calendar; charset=utf-8');
    const c = read(r.text);
    assert.deepEqual(c.zones, ['Europe/Berlin']);
    assert.equal(c.events.length, 3);
    const [summer] = c.events.filter((e) => e.summary.includes('Đề án'));
    assert.equal(summer.summary, `Đến hạn: ${TITLE}\nzweite Zeile`);
    assert.equal(summer.start, '2030-07-01T08:30:00+02:00');
    assert.match(summer.uid, /^task-\d+@khung\.example\.org$/);
    assert.match(summer.url, /^https:\/\/khung\.example\.org\/tasks\/\d+$/);
    assert.equal(c.events.find((e) => e.summary.includes('winter')).start, '2030-12-01T09:00:00+01:00');
    const day = c.events.find((e) => e.summary.includes('day'));
    assert.deepEqual([day.start, day.all_day], ['2030-08-02', true]);
    // Read twice it is the same: programs take what has changed for news.
    assert.equal((await s.request('GET', s.link)).text, r.text);
  });

  it('the rules of its zone are those of the zone: each change of the clocks between now and the last event', async () => {
    const { text } = await s.request('GET', s.link);
    const zone = text.slice(text.indexOf('BEGIN:VTIMEZONE'), text.indexOf('END:VTIMEZONE'));
    const changes = [...zone.matchAll(/BEGIN:(\w+)\r\nDTSTART:(\d{8}T\d{6})\r\nTZOFFSETFROM:([+-]\d{4})\r\nTZOFFSETTO:([+-]\d{4})/g)].map((m) => m.slice(1));
    assert.ok(changes.length >= 2);
    assert.ok(changes.some((c) => c.join() === 'DAYLIGHT,20300331T020000,+0100,+0200'), JSON.stringify(changes));
    assert.ok(changes.some((c) => c.join() === 'STANDARD,20301027T030000,+0200,+0100'), JSON.stringify(changes));
  });

  it('has the publications that its reader may see; a new date is the same event with a higher sequence', async () => {
    await s.startFlow('cal.plan', { title: 'Bài 1', at: '2030-09-01 07:00', unit: 'office' });
    await s.startFlow('cal.plan', { title: 'Bài 2', at: '2030-09-02 07:00', unit: 'other' });
    const one = read((await s.request('GET', s.link)).text).events.filter((e) => e.uid.startsWith('item-'));
    assert.deepEqual(one.map((e) => [e.summary, e.start, e.sequence]), [['Xuất bản: Bài 1', '2030-09-01T07:00:00+02:00', 0]]);
    const id = Number(/item-(\d+)/.exec(one[0].uid)[1]);
    await s.startFlow('cal.move', { id, at: '2030-09-03 08:00' });
    const two = read((await s.request('GET', s.link)).text).events.filter((e) => e.uid.startsWith('item-'));
    assert.deepEqual(two.map((e) => [e.uid, e.start, e.sequence]), [[one[0].uid, '2030-09-03T08:00:00+02:00', 1]]);
  });

  it('a link is a person\'s secret: a wrong one gives nothing, a revoked one no more, another person sees their own', async () => {
    assert.equal((await s.request('GET', '/calendar/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.ics')).status, 404);
    assert.equal((await s.request('GET', '/calendar/.ics')).status, 404);
    const mai = new URL((await s.must('calendar', 'link', '--as', 'mai')).url).pathname;
    const c = read((await s.request('GET', mai)).text);
    assert.deepEqual(c.events.map((e) => e.summary), ['Due: for another']);
    assert.equal(c.name, 'Deadlines and publications');
    const text = sqlite(s.data, 'select hex(hash) from calendar_token');
    assert.doesNotMatch(text, new RegExp(Buffer.from(mai).toString('hex'), 'i'));
    await s.must('calendar', 'revoke', '--as', 'mai');
    assert.equal((await s.request('GET', mai)).status, 404);
    assert.equal((await s.request('GET', s.link)).status, 200);
    assert.equal((await s.cli('calendar', 'link')).code, 1, 'the operator is no person');
  });

  it('is no way around an account that is switched off: it tells nothing until one is on again', async () => {
    const mai = new URL((await s.must('calendar', 'link', '--as', 'mai')).url).pathname;
    await s.must('user', 'disable', 'mai');
    const shut = await s.request('GET', mai, undefined, { 'accept-language': 'en' });
    assert.deepEqual([shut.status, shut.json.code], [403, 'notify.calendar_off']);
    assert.match(shut.json.detail, /no account that is switched on/);
    assert.doesNotMatch(shut.text, /for another/);
    await s.must('user', 'add', 'mai2', '--person', 'mai');
    assert.equal((await s.request('GET', mai)).status, 200, 'by another account of the same person');
    await s.must('user', 'disable', 'mai2');
    assert.equal((await s.request('GET', mai)).status, 403);
    await s.must('user', 'enable', 'mai');
    assert.match((await s.request('GET', mai)).text, /for another/);
  });

  it('a task that was decided is no longer there', async () => {
    const before = read((await s.request('GET', s.link)).text).events.length;
    const [task] = (await s.must('task', 'list', '--user', 'lan')).filter((t) => t.title === 'day');
    await s.must('task', 'decide', task.id, '--as', 'lan', '--decision', 'approve');
    await pause(50);
    assert.equal(read((await s.request('GET', s.link)).text).events.length, before - 1);
  });
});

describe('a zone without summer time', () => {
  it('has one rule', async () => {
    const s = await start('Asia/Ho_Chi_Minh');
    await s.startFlow('cal.ask', { to: { position: 'editor' }, title: 'x', within: '2030-07-01 08:30' });
    const { text } = await s.request('GET', s.link);
    assert.equal(read(text).events[0].start, '2030-07-01T08:30:00+07:00');
    assert.equal(text.match(/BEGIN:STANDARD/g).length, 1);
    assert.doesNotMatch(text, /BEGIN:DAYLIGHT/);
    await s.stop();
  });
});
