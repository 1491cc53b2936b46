// Notices and mail: a real mail server on this machine takes what the service sends, and Python's parser reads it.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, pause, plugin, serve, sqlite, write } from '../lib/khung.mjs';
import { Sink } from '../lib/sink.mjs';

const ORG = {
  units: [{ code: 'office', name: 'Office', kind: 'office', from: '2020-01-01' },
    { code: 'a', name: 'Xã A', kind: 'commune', parent: 'office', from: '2020-01-01' }],
  positions: [{ code: 'head', title: 'Head', roles: ['clerk'] }, { code: 'editor', title: 'Editor', roles: ['editor'] }],
  persons: [{ code: 'lan', name: 'Nguyễn Thị Lan', email: 'lan@example.org' }, { code: 'mai', name: 'Mai "M" Trần', email: 'mai@example.org' },
    { code: 'hoa', name: 'Hoa' }, { code: 'bad', name: 'Bad', email: 'x@example.org> RCPT TO:<evil@example.org' },
    { code: 'later', name: 'Later', email: 'later@example.org' }, { code: 'never', name: 'Never', email: 'never@example.org' },
    { code: 'free', name: 'Free', email: 'free@example.org' }],
  holders: [{ person: 'lan', position: 'editor', unit: 'office' }, { person: 'mai', position: 'head', unit: 'office' },
    { person: 'hoa', position: 'head', unit: 'office' }],
  users: [{ name: 'lan', person: 'lan', lang: 'vi' }, { name: 'mai', person: 'mai', lang: 'en' }, { name: 'hoa', person: 'hoa', lang: 'en' }],
};

const SOURCE = `
flow.define("write", { input = { to = "json!", template = "text!", data = "json", topic = "text" } }, function(run, input)
  return { persons = run:mail { to = input.to, template = input.template, data = input.data, topic = input.topic } }
end)
content.type("news", { fields = { title = "text!" }, title = "title", unit = true })
flow.define("publish", { input = { title = "text!", unit = "unit!" } }, function(run, input)
  content.publish(content.approve(content.submit(content.create("news", { title = input.title, unit = input.unit })), {}))
end)
flow.define("read", { input = { item = "integer!", verb = "text!" } }, function(run, input)
  local item = content.get("news", input.item)
  local answer = run:ask { to = { position = "editor", unit = "office" }, title = "read " .. input.verb, about = item,
    form = { decision = "choice:approve,send_back!", comment = "text" } }
  if input.verb == "approve" then content.approve(item, { by = answer })
  else content.send_back(item, answer.comment, { by = answer }) end
end)
flow.define("hurry", { input = {} }, function(run)
  return run:ask { to = { position = "editor" }, title = "hurry", within = "4h", remind = "2h", escalate = { position = "head" } }
end)
flow.define("ask", { input = { to = "json!", title = "text!" } }, function(run, input)
  return run:ask { to = input.to, title = input.title, form = { decision = "choice:approve,return!" }, within = "2d" }
end)
`;

function prepare(dir) {
  plugin(dir, 'post', SOURCE, { needs: '{ "flow", "people", "mail", "content", "content:publish" }' });
  write(join(dir, 'plugins/post/locale/en.lua'), `return {
  ["mail.hello.subject"] = "Hello {what}", ["mail.hello.text"] = "Dear {to},\\n\\nthis is {what}.\\nhttps://example.org/x?a=1&b=2",
  ["mail.own.subject"] = "Own", ["mail.own.text"] = "plain {what}", ["mail.own.html"] = "<h1>{what}</h1>",
  ["mail.half.subject"] = "Half",
}`);
  write(join(dir, 'plugins/post/locale/vi.lua'), `return {
  ["mail.hello.subject"] = "Kính gửi đồng chí về việc {what}, một tiêu đề dài để phải ngắt dòng nhiều lần trong thư",
  ["mail.hello.text"] = "Kính gửi {to},\\n\\nvề việc {what}.",
}`);
  writeFileSync(join(dir, 'org.json'), JSON.stringify(ORG));
}

async function start(sink, config = {}) {
  const dir = folder();
  prepare(dir);
  const s = await serve({ dir, config: { mail_server: `smtp://127.0.0.1:${sink.port}`, mail_tls: 'off', mail_from: 'khung@example.org',
    mail_name: 'Tỉnh hội', url: 'https://khung.example.org/', ...config } });
  await s.must('org', 'import', join(dir, 'org.json'));
  return s;
}

const person = (s, code) => Number(sqlite(s.data, `select id from person where code = '${code}'`));
const write1 = (s, input) => s.startFlow('post.write', input).then((id) => s.until(id, ['completed', 'failed']));
const token = async (s, name) => {
  const t = await s.must('user', 'token', name);
  return `Bearer ${typeof t === 'string' ? t : t.token}`;
};

describe('mail', () => {
  let sink, s;
  before(async () => {
    sink = await Sink.start();
    s = await start(sink);
  });
  after(async () => {
    await s.stop();
    sink.stop();
  });

  it('goes to the holders of a position, each in their language, with headers that parse', async () => {
    const run = await write1(s, { to: { position: 'editor' }, template: 'hello', data: { what: 'Đề án <1>' } });
    assert.equal(run.result.persons, 1);
    const [m] = await sink.until(1, (x) => x.to[0] === 'lan@example.org');
    assert.equal(m.subject, 'Kính gửi đồng chí về việc Đề án <1>, một tiêu đề dài để phải ngắt dòng nhiều lần trong thư');
    assert.equal(m.headers.to, 'Nguyễn Thị Lan <lan@example.org>');
    assert.equal(m.headers.from, 'Tỉnh hội <khung@example.org>');
    assert.equal(m.headers['auto-submitted'], 'auto-generated');
    assert.match(m.headers['message-id'], /^<khung\.\d+\.[0-9a-f]{8}@example\.org>$/);
    assert.ok(Math.abs(new Date(m.headers.date) - Date.now()) < 60000, m.headers.date);
    assert.equal(m.type, 'multipart/alternative');
    assert.equal(m.text.replace(/\r/g, '').trim(), 'Kính gửi Nguyễn Thị Lan,\n\nvề việc Đề án <1>.');
    assert.match(m.html, /về việc Đề án &lt;1&gt;\./);
    assert.deepEqual(m.defects, []);
    assert.equal(m.headers['list-unsubscribe'], undefined, 'a duty has no way out');
    for (const line of m.raw.split('\r\n')) assert.ok(line.length <= 78 || /^Content-Type: multipart/.test(line), `a line of ${line.length}: ${line}`);
    assert.ok(/^[\x00-\x7f]*$/.test(m.raw), 'all of it is ASCII');
  });

  it('has the template\'s own HTML, and links in the made one', async () => {
    await write1(s, { to: await person(s, 'mai'), template: 'own', data: { what: '<b>&' } });
    const [own] = await sink.until(1, (x) => x.subject === 'Own');
    assert.equal(own.html.trim(), '<h1>&lt;b&gt;&amp;</h1>');
    assert.equal(own.headers.to, '"Mai \\"M\\" Trần" <mai@example.org>'.replace('"Mai \\"M\\" Trần"', own.headers.to.split(' <')[0]));
    await write1(s, { to: await person(s, 'mai'), template: 'hello', data: { what: 'x' } });
    const [made] = await sink.until(1, (x) => x.subject === 'Hello x');
    assert.match(made.html, /<a href="https:\/\/example\.org\/x\?a=1&amp;b=2">/);
  });

  it('persons without an address, or with none that is one, read it in the app', async () => {
    const run = await write1(s, { to: [await person(s, 'hoa'), await person(s, 'bad')], template: 'hello', data: { what: 'app' } });
    assert.equal(run.result.persons, 2);
    await pause(300);
    assert.equal(sink.mails.filter((m) => /app/.test(m.subject)).length, 0);
    const list = await s.must('notice', 'list', '--as', 'hoa');
    assert.equal(list[0].title, 'Hello app');
    assert.match(list[0].text, /^Dear Hoa,/);
    assert.ok(!sink.mails.some((m) => m.to.includes('evil@example.org')));
  });

  it('a missing template, a line break in a subject and an unknown reader are refused', async () => {
    for (const [input, key] of [[{ template: 'nothing' }, 'mail.template'], [{ template: 'half' }, 'mail.template'],
      [{ template: 'hello', data: { what: 'a\r\nBcc: evil@example.org' } }, 'mail.subject'],
      [{ template: 'hello', data: { what: 'a\nb' } }, 'mail.subject'], [{ template: '../x' }, 'mail.template'],
      [{ template: 'hello', topic: 'a b' }, 'mail.topic'], [{ template: 'hello', data: { what: '\xff'.repeat(300) } }, 'limit.size']]) {
      const dir = await s.startFlow('post.write', { to: { position: 'editor' }, data: { what: 'x' }, ...input });
      for (let i = 0; ; i++) {
        const run = await s.flow(dir);
        const code = run.error?.code ?? run.error?.key ?? JSON.stringify(run.error ?? '');
        if (run.error) {
          assert.ok(JSON.stringify(run.error).includes(key) || code === key, `${key}: ${JSON.stringify(run.error)}`);
          break;
        }
        assert.ok(i < 200, `${key}: ${JSON.stringify(run)}`);
        await pause(20);
      }
      await s.must('flow', 'cancel', dir);
    }
  });

  it('what the server refuses for good is a dead letter; what it refuses for now is tried again', async () => {
    await write1(s, { to: [await person(s, 'never'), await person(s, 'later')], template: 'hello', data: { what: 'y' } });
    let rows;
    for (let i = 0; i < 200; i++) {
      rows = await s.must('outbox', 'list', '--kind', 'mail');
      if (rows.length === 2 && rows.every((r) => r.error)) break;
      await pause(50);
    }
    const never = rows.find((r) => r.to === 'never@example.org'), later = rows.find((r) => r.to === 'later@example.org');
    assert.equal(never.state, 'dead');
    assert.match(never.error, /550 no such mailbox/);
    assert.equal(later.state, 'waiting');
    assert.equal(later.attempts, 1);
    assert.match(later.error, /451/);
    assert.ok(later.next - Date.now() > 40000 && later.next - Date.now() < 75000, 'about a minute');
    assert.deepEqual((await s.must('outbox', 'list', '--dead')).map((r) => r.id), [never.id]);
    assert.deepEqual(await s.must('outbox', 'retry', 'dead'), { rows: 1 });
    for (let i = 0; i < 200; i++) {
      rows = await s.must('outbox', 'list', '--dead');
      if (rows.length) break;
      await pause(50);
    }
    assert.equal(rows[0].id, never.id);
    assert.deepEqual(await s.must('outbox', 'drop', never.id), { rows: 1 });
    assert.deepEqual(await s.must('outbox', 'drop', later.id), { rows: 1 });
    assert.deepEqual(await s.must('outbox', 'list'), []);
    assert.equal((await s.cli('outbox', 'drop', 12345)).code, 1);
  });

  it('held: nothing leaves until it is released, also after a restart', async () => {
    await s.must('outbox', 'hold');
    const n = sink.mails.length;
    await write1(s, { to: await person(s, 'mai'), template: 'hello', data: { what: 'held' } });
    await s.restart();
    await pause(300);
    assert.equal(sink.mails.length, n);
    assert.equal((await s.must('outbox', 'list')).length, 1);
    await s.must('outbox', 'release');
    await sink.until(1, (x) => x.subject === 'Hello held');
  });
});

describe('notices', () => {
  let sink, s, lan;
  before(async () => {
    sink = await Sink.start();
    s = await start(sink);
    lan = await token(s, 'lan');
  });
  after(async () => {
    await s.stop();
    sink.stop();
  });
  const as = (auth, method, path, body) => s.request(method, path, body, { authorization: auth });

  it('a task that is asked is told in the app and mailed; reading it is remembered', async () => {
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'Duyệt: Đề án\nsố 1' });
    const [m] = await sink.until(1, (x) => x.to[0] === 'lan@example.org');
    assert.equal(m.subject, 'Việc cần xử lý: Duyệt: Đề án số 1');
    assert.match(m.text, /https:\/\/khung\.example\.org\/tasks\/\d+/);
    assert.match(m.text, /Thời hạn: \d{4}-\d\d-\d\d \d\d:\d\d/);
    const { json } = await as(lan, 'GET', '/api/notices?unread=true');
    assert.equal(json.length, 1);
    assert.equal(json[0].kind, 'task.asked');
    assert.equal((await as(lan, 'POST', '/api/notices/read', { ids: [json[0].id] })).status, 204);
    assert.deepEqual((await as(lan, 'GET', '/api/notices?unread=true')).json, []);
    assert.equal((await s.request('GET', '/api/notices')).status, 401);
  });

  it('both holders of a position are told, and nobody sees what is another\'s', async () => {
    await s.startFlow('post.ask', { to: { position: 'head' }, title: 'for heads' });
    await sink.until(1, (x) => x.to[0] === 'mai@example.org');
    assert.equal((await s.must('notice', 'list', '--as', 'hoa'))[0].title, 'for heads');
    assert.ok(!(await s.must('notice', 'list', '--as', 'lan')).some((x) => x.title === 'for heads'));
    const mine = (await s.must('notice', 'list', '--as', 'hoa'))[0].id;
    await as(lan, 'POST', '/api/notices/read', { ids: [mine], all: true });
    assert.equal((await s.must('notice', 'list', '--as', 'hoa'))[0].read_at, undefined);
  });

  it('a reminder and an escalation are told, the escalation to those whom it reaches as well', async () => {
    const s = await start(sink); // of its own: its time goes ahead
    const kinds = async (name) => (await s.must('notice', 'list', '--as', name)).filter((x) => x.title === 'hurry').map((x) => x.kind).reverse();
    const told = (name, ...all) => s.until1(`${name} is told of ${all}`, async () => (await kinds(name)).join() === all.join());
    await s.startFlow('post.hurry');
    await told('lan', 'task.asked');
    await s.later(3);
    await told('lan', 'task.asked', 'task.reminded');
    await s.later(3);
    await told('lan', 'task.asked', 'task.reminded', 'task.escalated');
    assert.deepEqual(await kinds('mai'), ['task.escalated']);
    await sink.until(1, (x) => x.to[0] === 'mai@example.org' && x.subject === 'Task, overdue: hurry');
    await s.stop();
  });

  it('who has no account decides by a link in the mail; who has one is led to the page, unless links are allowed for all', async () => {
    const free = await person(s, 'free'), link = /https:\/\/khung\.example\.org(\/t\/[\w-]{48})\s/;
    const open = async (path) => s.request('GET', path, undefined, { authorization: undefined, 'accept-language': 'en' });
    await s.must('outbox', 'hold');
    const run = await s.startFlow('post.ask', { to: free, title: 'By a link' });
    let held;
    for (let i = 0; !(held = (await s.must('outbox', 'list')).filter((x) => x.to === 'free@example.org')).length; i++) {
      assert.ok(i < 200);
      await pause(20);
    }
    assert.doesNotMatch(JSON.stringify(held), /\/t\//, 'a list of the outbox does not show the key');
    await s.must('outbox', 'release');
    const [m] = await sink.until(1, (x) => x.to[0] === 'free@example.org');
    const [, path] = link.exec(m.text);
    assert.doesNotMatch(m.text, /\/tasks\//, 'no page that asks for a login');
    assert.match(m.text, /một lần, đến 20\d\d-/);
    assert.match(m.html, new RegExp(`<a href="https://khung\\.example\\.org${path}">`));
    for (let i = 0; i < 3; i++) assert.equal((await open(path)).status, 200, 'a scanner that opens it does nothing');
    assert.equal((await s.flow(run)).state, 'running');
    const sent = await s.request('POST', path, 'decision=approve', { authorization: undefined, 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(sent.status, 200, sent.text);
    const { result } = await s.until(run, 'completed');
    assert.deepEqual([result.decision, result.by, result.as], ['approve', free, 'person']);
    assert.equal((await open(path)).status, 409);

    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'By the page' });
    const [page] = await sink.until(1, (x) => x.to[0] === 'lan@example.org' && /By the page/.test(x.subject));
    assert.doesNotMatch(page.text, /\/t\//);
    s.config.mail_links = 'true';
    await s.restart();
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'By both' });
    const [both] = await sink.until(1, (x) => x.to[0] === 'lan@example.org' && /By both/.test(x.subject));
    assert.match(both.text, /\/tasks\/\d+\s[^]*\/t\//);
    // The colleague's link is the colleague's: each decides as who they are.
    const own = await open(link.exec(both.text)[1]);
    assert.match(own.text, /By both/);
    // Whose account is switched off has no way around that, neither by an old link nor by a new one.
    await s.must('user', 'disable', 'lan');
    assert.equal((await open(link.exec(both.text)[1])).status, 409);
    await assert.rejects(s.must('task', 'link', (await s.must('task', 'list')).find((t) => t.title === 'By both').id, 'lan'));
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'Not by a link' });
    const [none] = await sink.until(1, (x) => x.to[0] === 'lan@example.org' && /Not by a link/.test(x.subject));
    assert.doesNotMatch(none.text, /\/t\//);
    await s.must('user', 'enable', 'lan');
    lan = await token(s, 'lan'); // the old one stays ended
  });

  it('who a task is handed to is told, and nobody else is told anew', async () => {
    const kinds = async (name) => (await s.must('notice', 'list', '--as', name)).filter((x) => x.title === 'handed').map((x) => x.kind);
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'handed' });
    const task = (await as(lan, 'GET', '/api/tasks')).json.find((t) => t.title === 'handed');
    const { status, text } = await as(lan, 'POST', `/api/tasks/${task.id}/delegate`, { person: 'mai', reason: 'away' });
    assert.equal(status, 200, text);
    for (let i = 0; !(await kinds('mai')).length; i++) {
      assert.ok(i < 200);
      await pause(20);
    }
    assert.deepEqual(await kinds('mai'), ['task.delegated']);
    assert.deepEqual(await kinds('lan'), ['task.asked']);
    assert.deepEqual(await kinds('hoa'), []);
    await sink.until(1, (x) => x.to[0] === 'mai@example.org' && x.subject === 'Handed to you: handed');
  });

  it('a publication is told to its author and to those who follow its type or a unit above, few or many', async () => {
    const mai = await token(s, 'mai');
    const news = (title, unit) => s.startFlow('post.publish', { title, unit }).then((id) => s.until(id, ['completed', 'failed']));
    const titles = async (name) => (await s.must('notice', 'list', '--as', name)).filter((x) => x.kind === 'content.published').map((x) => x.title);
    await news('before', 'a');
    assert.equal((await as(mai, 'POST', '/api/notices/follow', { unit: 'nowhere' })).status, 404);
    assert.equal((await as(mai, 'POST', '/api/notices/follow', { unit: 'office' })).status, 204);
    await news('below', 'a');
    assert.deepEqual(await titles('mai'), ['below']);
    assert.deepEqual((await as(mai, 'GET', '/api/notices/preferences')).json.follows, [{ type: '', unit: 'office' }]);
    await as(mai, 'POST', '/api/notices/follow', { unit: 'office', stop: true });
    await news('after', 'a');
    assert.deepEqual(await titles('mai'), ['below']);
    sqlite(s.data, `insert into person(id, code, name) select value, 'x' || value, 'X' from generate_series(1000, 1499);
      insert into notice_follow(person, type, unit) select id, 'news', 0 from person where id >= 1000`);
    await news('for all', 'a');
    await s.until1('500 are told', () => sqlite(s.data, "select count(*) from notice where title = 'for all'") === '500');
    await s.until1('the mailing is over', () => sqlite(s.data, 'select count(*) from mailing') === '0');
  });

  it('a duty cannot be switched off, only moved; wrong wishes are refused', async () => {
    const no = await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'task.asked': 'none' } });
    assert.equal(no.status, 409, no.text);
    assert.equal((await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'task.asked': 'loud' } })).status, 422);
    assert.equal((await as(lan, 'PATCH', '/api/notices/preferences', { quiet_from: '25:00' })).status, 422);
    assert.equal((await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'task.asked': 'app' }, quiet_from: '21:00', quiet_until: '06:00' })).status, 204);
    const { json } = await as(lan, 'GET', '/api/notices/preferences');
    assert.equal(json.ways['task.asked'], 'app');
    assert.equal(json.quiet_from, '21:00');
    const n = sink.mails.length;
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'quietly' });
    for (let i = 0; (await s.must('notice', 'list', '--as', 'lan'))[0].title !== 'quietly'; i++) {
      assert.ok(i < 100);
      await pause(20);
    }
    await pause(200);
    assert.equal(sink.mails.length, n);
    await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'task.asked': 'mail' }, quiet_from: '', quiet_until: '' });
  });

  const local = (ms) => new Date(ms + 7 * 3600000).toISOString().slice(11, 16);

  it('what one wishes is told and changed by the command line, too', async () => {
    const as = (...words) => s.must('notice', ...words, '--as', 'mai');
    const before = await as('preferences');
    await as('prefer', '--quiet-from', '22:30', '--quiet-until', '05:30', '--digest-at', '08:15', '--ways', '{"content.published":"none"}');
    const now = await as('preferences');
    assert.deepEqual([now.quiet_from, now.quiet_until, now.digest_at, now.ways['content.published']], ['22:30', '05:30', '08:15', 'none']);
    await as('follow', '--type', 'news');
    assert.deepEqual((await as('preferences')).follows, [...before.follows, { type: 'news' }]);
    await as('follow', '--type', 'news', '--stop');
    await as('read', '--all');
    assert.deepEqual((await s.must('notice', 'list', '--unread', '--as', 'mai')).length, 0);
    await assert.rejects(as('prefer', '--ways', '{"task.asked":"none"}'), /exit 1/, 'a duty');
    await as('prefer', '--quiet-from', '', '--quiet-until', '', '--digest-at', '07:00', '--ways', '{"content.published":"app"}');
    assert.deepEqual(await as('preferences'), before);
  });

  it('in quiet hours mail waits for their end; a digest is one mail of what is still open and unread', async () => {
    const now = Date.now();
    await as(lan, 'PATCH', '/api/notices/preferences', { quiet_from: local(now - 3600000), quiet_until: local(now + 3600000) });
    const n = sink.mails.length;
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'night 1' });
    const run = await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'night 2' });
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'night 3' });
    await pause(300);
    assert.equal(sink.mails.length, n, 'not now');
    await s.must('flow', 'cancel', run);
    s.config.clock_offset = 2 * 3600000;
    await s.restart();
    const [m] = await sink.until(1, (x) => /night 1/.test(x.text));
    assert.equal(m.subject, '2 thông báo');
    assert.match(m.text, /night 3/);
    assert.doesNotMatch(m.text, /night 2/, 'a task that is closed');
    await as(lan, 'PATCH', '/api/notices/preferences', { quiet_from: '', quiet_until: '', ways: { 'task.asked': 'digest' }, digest_at: local(now + 5 * 3600000) });
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'daily 1' });
    await s.startFlow('post.ask', { to: { position: 'editor' }, title: 'daily 2' });
    await pause(300);
    assert.ok(!sink.mails.some((x) => /daily/.test(x.text)));
    s.config.clock_offset = 6 * 3600000;
    await s.restart();
    const [d] = await sink.until(1, (x) => /daily 1/.test(x.text));
    assert.match(d.text, /daily 2/);
    s.config.clock_offset = 0;
    await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'task.asked': 'mail' } });
  });

  it('an author is told that a text was sent back, with why, by whom and what to do now; and that it was approved', async () => {
    const own = async (who, path, body) => {
      const r = await as(await token(s, who), 'POST', `/api/content/news${path}`, body);
      assert.ok(r.status < 300, r.text);
      return r.json;
    };
    const got = async (who, kind, title) => (await s.must('notice', 'list', '--as', who)).filter((x) => x.kind === kind && x.title === title);
    await s.must('user', 'role', 'mai', 'author', 'office');
    const unit = (await as(lan, 'GET', '/api/units/office')).json.unit.id;
    const { id } = await own('mai', '', { title: 'Mine', unit });
    await own('lan', `/${id}/submit`); // another hands it in: both are told
    await own('lan', `/${id}/send_back`, { comment: 'No figures', options: { fields: { title: 'Too short' } } });
    const [mail] = await sink.until(1, (x) => /Mine/.test(x.subject));
    assert.deepEqual([mail.to, mail.subject], [['mai@example.org'], 'Sent back to you: Mine']);
    assert.match(mail.text, /^Nguyễn Thị Lan has sent “Mine” back to you\.\s+No figures\s+- title: Too short\s+What to do now: change the text and hand it in again\./);
    assert.ok(mail.text.includes(`https://khung.example.org/texts/${id}`), mail.text);
    assert.equal(mail.headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click', 'it may be left out');
    assert.deepEqual(await got('lan', 'content.sent_back', 'Mine'), [], 'nobody is told what they did themselves');
    assert.match((await got('mai', 'content.sent_back', 'Mine'))[0].text, /No figures/);

    // By the answer of a task: who said it, and as what; the run is nobody.
    const run = await s.startFlow('post.read', { item: id, verb: 'send_back' });
    const decide = async (decision) => {
      const task = await s.until1('it is asked', async () => (await as(lan, 'GET', '/api/inbox')).json.tasks.find((x) => x.title === `read ${decision}`));
      assert.equal((await as(lan, 'POST', `/api/tasks/${task.id}/decide`, { decision, comment: 'Thiếu nguồn' })).status, 200);
    };
    await decide('send_back');
    await s.until(run, 'completed');
    const told = (await got('mai', 'content.sent_back', 'Mine')).find((x) => /Thiếu nguồn/.test(x.text));
    assert.match(told.text, /^Nguyễn Thị Lan \(.*Editor.*\) has sent “Mine” back/);
    const second = await s.startFlow('post.read', { item: id, verb: 'approve' });
    await decide('approve');
    await s.until(second, 'completed');
    assert.match((await got('mai', 'content.approved', 'Mine'))[0].text, /^Nguyễn Thị Lan \(.*Editor.*\) has approved “Mine”\.$/);
    assert.ok(!sink.mails.some((x) => /Approved/.test(x.subject)), 'good news is in the app alone');

    // As any other notice: in the reader's language, once a day, or not at all.
    const hers = (await own('lan', '', { title: 'Bài của Lan', unit })).id;
    await as(lan, 'PATCH', '/api/notices/preferences', { quiet_from: '', quiet_until: '', ways: { 'content.sent_back': 'mail' } });
    await s.must('user', 'role', 'mai', 'editor', 'office');
    await own('mai', `/${hers}/send_back`, { comment: 'Thiếu số liệu' });
    const [vi] = await sink.until(1, (x) => /Bài của Lan/.test(x.subject));
    assert.equal(vi.subject, 'Trả lại: Bài của Lan');
    assert.match(vi.text, /^Mai "M" Trần trả lại “Bài của Lan” cho bạn\.\s+Thiếu số liệu\s+Việc cần làm: sửa văn bản rồi gửi lại\./);
    await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'content.sent_back': 'none' } });
    await own('mai', `/${hers}/send_back`, { comment: 'Lần nữa' });
    assert.equal((await got('lan', 'content.sent_back', 'Bài của Lan')).length, 1);
    await as(lan, 'PATCH', '/api/notices/preferences', { ways: { 'content.sent_back': 'digest' } });
    await own('mai', `/${hers}/send_back`, { comment: 'Một ngày một lần' });
    const waits = sqlite(s.data, "select count(*) from notice where kind = 'content.sent_back' and digest = 1 and mail_at > at");
    assert.equal(Number(waits), 1);
  });

  it('a topic can be unsubscribed by the link in the mail; looking at it changes nothing', async () => {
    const send = (what) => write1(s, { to: { position: 'editor' }, template: 'hello', topic: 'news', data: { what } });
    await send('news 1');
    const [m] = await sink.until(1, (x) => /news 1/.test(x.subject));
    assert.equal(m.headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
    const [, path] = /^<https:\/\/khung\.example\.org(\/unsubscribe\/[^>]+)>$/.exec(m.headers['list-unsubscribe'].replace(/\s/g, ''));
    const page = await s.request('GET', path, undefined, { 'accept-language': 'vi' });
    assert.equal(page.status, 200);
    assert.match(page.text, /<form method="post" novalidate>/);
    await send('news 2');
    await sink.until(1, (x) => /news 2/.test(x.subject));
    assert.equal((await s.request('POST', path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A'), '')).status, 404, 'forged');
    assert.equal((await s.request('POST', path.replace(/\d+/, '2'), '')).status, 404, 'another\'s');
    // Whoever cannot sign in any more can still end their mails.
    await s.must('user', 'disable', 'lan');
    const done = await s.request('POST', path, 'List-Unsubscribe=One-Click', { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(done.status, 200);
    await s.must('user', 'enable', 'lan');
    await send('news 3');
    for (let i = 0; !/news 3/.test((await s.must('notice', 'list', '--as', 'lan'))[0].title); i++) {
      assert.ok(i < 100);
      await pause(20);
    }
    await pause(200);
    assert.ok(!sink.mails.some((x) => /news 3/.test(x.subject)));
  });
});

describe('the mail server', () => {
  const cert = (dir) => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
    return [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  };

  it('is spoken to by STARTTLS and login; a certificate that is not trusted gets no mail', async () => {
    const dir = folder(), [crt, key] = cert(dir), sink = await Sink.start('--tls', crt, key, '--login', 'khung', 'secret word');
    writeFileSync(join(dir, 'password'), 'secret word\n');
    const config = { mail_tls: 'required', mail_user: 'khung', mail_password_file: join(dir, 'password') };
    const s = await start(sink, config);
    await write1(s, { to: { position: 'editor' }, template: 'hello', data: { what: 'tls' } });
    let rows = [];
    for (let i = 0; i < 200 && !rows[0]?.error; i++) {
      await pause(50);
      rows = await s.must('outbox', 'list');
    }
    assert.equal(rows[0].state, 'waiting');
    assert.equal(sink.mails.length, 0);
    assert.doesNotMatch(s.log + JSON.stringify(rows), /secret word/);
    s.config.mail_ca = crt;
    await s.restart();
    await s.must('outbox', 'retry', rows[0].id);
    const [m] = await sink.until(1);
    assert.equal(m.tls, true);
    assert.equal(m.login, true);
    await s.stop();
    sink.stop();
  });

  it('without STARTTLS it is not spoken to when that is required', async () => {
    const sink = await Sink.start(), s = await start(sink, { mail_tls: 'required' });
    await write1(s, { to: { position: 'editor' }, template: 'hello', data: { what: 'tls' } });
    let rows = [];
    for (let i = 0; i < 200 && !rows[0]?.error; i++) {
      await pause(50);
      rows = await s.must('outbox', 'list');
    }
    assert.equal(rows[0].state, 'waiting');
    assert.equal(sink.mails.length, 0);
    await s.stop();
    sink.stop();
  });

  it('wrong settings stop the start and say which', async () => {
    for (const [config, key] of [[{ mail_from: '' }, 'mail_from'], [{ mail_from: 'a b@c' }, 'mail_from'], [{ mail_server: 'http://x' }, 'mail_server'], [{ url: 'x' }, 'url']]) {
      await assert.rejects(start({ port: 1 }, config), (e) => e.message.includes(key));
    }
  });
});
