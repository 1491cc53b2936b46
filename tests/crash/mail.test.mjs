// The service is killed at each named point on the way of a mail or a webhook: nothing is lost, and what is sent twice
// can be known as the same.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dies, keep, startTo } from '../lib/crash.mjs';
import { Service, folder, plugin, write } from '../lib/khung.mjs';
import { Sink } from '../lib/sink.mjs';
import { sql } from './check.mjs';

const PERSONS = 130; // more than one piece of a mailing
const SOURCE = `
flow.define("write", { input = {} }, function(run)
  run:mail { to = { role = "all" }, template = "all", data = { what = "crash" } }
end)
flow.define("ask", { input = {} }, function(run) return run:ask { to = { position = "head" }, title = "asked" } end)
flow.define("ask_all", { input = {} }, function(run) return run:ask { to = { role = "all" }, title = "asked" } end)
flow.define("publish", { input = {} }, function(run)
  content.publish(content.create("news", { title = "one" }))
end)
flow.define("send_back", { input = {} }, function(run)
  content.send_back(content.find("news", { title = "mine" })[1], "No figures")
end)
content.type("news", { fields = { title = "text!" }, title = "title", unit = true })
`;

let s, back, sink;
before(async () => {
  const dir = folder();
  sink = await Sink.start();
  s = new Service(dir, { config: { mail_tls: 'off', mail_from: 'khung@example.org', fetch_private: '127.0.0.1' } });
  plugin(dir, 'post', SOURCE, { needs: '{ "flow", "people", "mail", "content", "content:publish" }' });
  write(join(dir, 'plugins/post/locale/en.lua'), 'return { ["mail.all.subject"] = "to all", ["mail.all.text"] = "Dear {to}" }');
  const persons = Array.from({ length: PERSONS }, (_, i) => ({ code: `p${i}`, name: `P ${i}`, email: `p${i}@example.org` }));
  writeFileSync(join(dir, 'crowd.json'), JSON.stringify({
    units: [{ code: 'office', name: 'Office', kind: 'office' }],
    positions: [{ code: 'head', title: 'Head' }],
    persons, holders: [{ person: 'p0', position: 'head', unit: 'office' }],
    role_holders: persons.map((p) => ({ person: p.code, role: 'all', unit: 'office' })),
    roles: [{ name: 'all', verbs: ['flow.*', 'content.create'] }],
  }));
  await s.start();
  await s.must('org', 'import', join(dir, 'crowd.json'));
  back = await keep(s);
});
after(() => sink.stop());

// As it was with the persons alone, and nothing mailed.
async function prepared(config = { mail_server: `smtp://127.0.0.1:${sink.port}` }) {
  await back();
  await sink.told();
  sink.mails.length = 0;
  Object.assign(s.config, config);
  return s.start();
}

// The service dies at the point, is started again after the lease, and is left until nothing is on its way any more.
async function killed(point, flow) {
  if (await startTo(s, point)) await s.cli('flow', 'start', flow, '--id', 'once');
  await dies(s, point);
  s.config.clock_offset = 120000;
  await s.start();
  await s.must('flow', 'start', flow, '--id', 'once');
  await s.until1('none is on its way', () =>
    sql(s.data, 'select (select count(*) from outbox) + (select count(*) from mailing) + (select count(*) from notice where mail_at is not null) as n')[0].n === 0, 60000);
  await sink.told();
}

describe('mail', () => {
  for (const [point, flow] of [['notify.before_piece:1', 'write'], ['notify.before_piece:2', 'write'], ['notify.before_mail:1', 'write'], ['notify.before_mail:60', 'write'],
    ['notify.after_mail:1', 'write'], ['outbox.before_send:1', 'write'], ['outbox.before_send:7', 'write'], ['outbox.after_send:1', 'write'],
    ['outbox.before_result:3', 'write'],
    ...['flow.after_step:1', 'notify.before_piece:1', 'notify.before_piece:2', 'notify.after_mail:60', 'outbox.before_result:3'].flatMap((p) => [[`${p}>lane.before_commit`, 'write'], [`${p}>lane.after_commit`, 'write']]),
    ['notify.before_piece:1', 'ask_all'], ['notify.before_piece:2', 'ask_all'], ['notify.before_mail:1', 'ask'], ['outbox.after_send:1', 'ask'], ['outbox.before_result:1', 'ask']])
    it(`killed at ${point} of ${flow}: each has it, none twice but under the same Message-ID`, { timeout: 120000 }, async () => {
      const wanted = flow === 'ask' ? 1 : PERSONS;
      await prepared();
      await killed(point, `post.${flow}`);
      const ids = new Map();
      for (const m of sink.mails) {
        const had = ids.get(m.to[0]) ?? [];
        ids.set(m.to[0], [...had, m.headers['message-id']]);
      }
      assert.equal(ids.size, wanted);
      for (const [to, had] of ids) {
        assert.ok(had.length <= 2, `${to}: ${had.length} mails`);
        assert.equal(new Set(had).size, 1, `${to}: ${had}`);
      }
      // Four are on their way at once: so many may come twice.
      assert.ok(sink.mails.length <= ids.size + 4, `${sink.mails.length} mails for ${ids.size}`);
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });
});

describe('the notice that a text was sent back', () => {
  for (const point of ['flow.after_step:1>lane.before_commit', 'flow.after_step:1>lane.after_commit', 'notify.before_mail:1', 'notify.after_mail:1', 'outbox.after_send:1'])
    it(`killed at ${point}: its author has it once, in the app and by mail, if it was sent back`, { timeout: 60000 }, async () => {
      await prepared();
      await s.must('user', 'add', 'p0', '--person', 'p0');
      const { token } = await s.must('user', 'token', 'p0');
      const made = await s.request('POST', '/api/content/news', { title: 'mine', unit: sql(s.data, 'select id from unit')[0].id }, { authorization: `Bearer ${token}` });
      assert.equal(made.status, 201, made.text);
      await killed(point, 'post.send_back');
      const mails = await sink.until(1);
      assert.match(mails[0].text, /No figures/);
      assert.equal(new Set(mails.map((m) => m.headers['message-id'])).size, 1);
      assert.deepEqual(sql(s.data, "select kind, title from notice where kind like 'content.%'"), [{ kind: 'content.sent_back', title: 'mine' }]);
      assert.equal(sql(s.data, "select count(*) as n from item_log where verb = 'send_back'")[0].n, 1);
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });
});

describe('a mail with a link that decides', () => {
  for (const point of ['notify.before_mail:1', 'notify.after_mail:1', 'outbox.after_send:1', 'task.link_used:1'])
    it(`killed at ${point}: one link is kept, it is the one that was mailed, and it decides once`, { timeout: 60000 }, async () => {
      await prepared({ mail_server: `smtp://127.0.0.1:${sink.port}`, url: 'http://khung.example.org' });
      const press = (mail) => s.request('POST', /khung\.example\.org(\/t\/\S+)/.exec(mail.text)[1], 'decision=approve', { 'content-type': 'application/x-www-form-urlencoded' });
      if (point.startsWith('task.')) {
        await s.restart({ KHUNG_CRASH_AT: point });
        await s.must('flow', 'start', 'post.ask', '--id', 'once');
        const [mail] = await sink.until(1);
        await assert.rejects(press(mail));
        await dies(s, point);
        await s.start();
      } else {
        await killed(point, 'post.ask');
      }
      const mails = await sink.until(1);
      assert.equal(sql(s.data, 'select count(*) as n from flow_task_link')[0].n, 1);
      assert.equal(new Set(mails.map((m) => m.text)).size, 1);
      assert.deepEqual([(await press(mails[0])).status, (await press(mails[0])).status], [200, 409]);
      const [run] = await s.must('flow', 'list');
      assert.equal((await s.until(run.id, 'completed')).result.decision, 'approve');
      assert.deepEqual(await s.must('verify'), []);
      await s.stop();
    });
});

describe('webhooks', () => {
  for (const point of ['outbox.before_send:1', 'outbox.after_send:1', 'outbox.before_result:1'])
    it(`killed at ${point}: told, and twice only under the same webhook-id`, { timeout: 60000 }, async () => {
      const ids = [];
      const peer = http.createServer((req, res) => {
        ids.push(req.headers['webhook-id']);
        req.resume();
        res.end();
      });
      await new Promise((done) => peer.listen(0, '127.0.0.1', done));
      await prepared({});
      await s.must('webhook', 'add', `http://127.0.0.1:${peer.address().port}/`);
      await killed(point, 'post.publish');
      assert.ok(ids.length >= 1 && ids.length <= 2, `${ids.length} deliveries`);
      assert.equal(new Set(ids).size, 1);
      assert.deepEqual((await s.must('webhook', 'deliveries', 1)).map((d) => d.state), ['delivered']);
      await s.stop();
      peer.close();
    });
});
