// The stream of events: what happens reaches who may see it, once and in order, across a kill and a reconnection.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { folder, pause, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!" }, title = "title", unit = true })
local rows = storage.table("row", { fields = { n = "integer!" } })
flow.define("work", { title = "Work", input = { n = "integer!" } }, function(run, input)
  rows:insert { n = input.n }
  rows:insert { n = input.n }
end)
`;

async function office(config = {}) {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "storage", "content", "content:publish", "people" }' });
  const s = await serve({ dir, config: { lang: 'en', ...config } });
  await s.admin();
  return s;
}

// An open stream: its events, and a promise for the next that fits.
function stream(s, { id, token = s.token } = {}) {
  const self = { events: [], pings: 0, status: 0, ended: false };
  const headers = { authorization: `Bearer ${token}`, ...(id ? { 'last-event-id': id } : {}) };
  self.ready = new Promise((ready, failed) => {
    self.req = http.get({ host: '127.0.0.1', port: s.port, path: '/api/events', headers, agent: false }, (res) => {
      self.status = res.statusCode;
      self.type = res.headers['content-type'];
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (d) => {
        text += d;
        for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2)) {
          const e = Object.fromEntries(text.slice(0, at).split('\n').map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 2)]));
          if (e.event) self.events.push({ ...JSON.parse(e.data), at: e.id, event: e.event });
        }
      });
      for (const end of ['close', 'error']) res.on(end, () => { self.ended = true; });
      ready(self);
    });
    self.req.on('error', (e) => { self.ended = true; failed(e); });
  });
  self.until = async (fits, ms = 5000) => {
    for (const end = Date.now() + ms; Date.now() < end; await pause(10)) {
      const e = self.events.find(fits);
      if (e) return e;
    }
    throw new Error(`no such event among ${JSON.stringify(self.events.map((e) => e.event))}`);
  };
  self.close = () => self.req.destroy();
  return self.ready;
}

const start = (s, n) => s.request('POST', '/api/runs', { flow: 'office.work', input: { n } }).then((r) => r.json.id);

test('a run and a note are told as they happen, with numbers that rise', async () => {
  const s = await office(), a = await stream(s);
  assert.equal(a.status, 200);
  assert.equal(a.type, 'text/event-stream');
  const run = await start(s, 1);
  await a.until((e) => e.event === 'flow.completed' && e.kind === 'run');
  assert.ok(a.events.some((e) => e.event === 'flow.start'));
  const note = await s.request('POST', '/api/content/note', { title: 'One' });
  const created = await a.until((e) => e.event === 'content.create');
  assert.equal(created.kind, 'item');
  assert.ok(run && note.json.id);
  const order = a.events.map((e) => e.at.split('.').map(Number)).map(([row, n]) => row * 1000 + n);
  assert.deepEqual(order, [...order].sort((x, y) => x - y));
  assert.equal(new Set(order).size, order.length);
  a.close();
  await s.stop();
});

test('who comes back with Last-Event-ID misses nothing and gets nothing twice, also after a kill', async () => {
  const s = await office(), a = await stream(s);
  for (let n = 0; n < 5; n++) await start(s, n);
  await a.until((e) => e.event === 'flow.completed');
  const half = a.events[Math.floor(a.events.length / 2)];
  a.close();
  for (let n = 0; n < 300; n++) await start(s, n);
  await s.kill();
  await s.start();
  const b = await stream(s, { id: half.at });
  const ends = (events) => events.filter((e) => e.event === 'flow.completed').length;
  const missed = 305 - ends(a.events.slice(0, a.events.indexOf(half) + 1));
  await s.until1('all that was missed is told', () => ends(b.events) >= missed);
  const ids = b.events.map((e) => e.at);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(!ids.includes(half.at));
  assert.equal(ends(b.events), missed);
  assert.equal((await s.request('GET', '/api/runs?state=completed&limit=1000')).json.length, 305);
  b.close();
  await s.stop();
});

test('one sees what one may read: no runs without the right, drafts by unit, what is public by all', async () => {
  const s = await office();
  await s.must('user', 'add', 'guest', '--person', 'guest');
  const guest = (await s.must('user', 'token', 'guest')).token;
  const mine = await stream(s), theirs = await stream(s, { token: guest });
  const unit = (await s.request('GET', '/api/units')).json[0].id;
  const note = (await s.request('POST', '/api/content/note', { title: 'Draft', unit })).json;
  await start(s, 1);
  await s.must('user', 'add', 'somebody');
  const done = await s.request('POST', `/api/content/note/${note.id}/publish`);
  assert.equal(done.status, 200, done.text);
  await mine.until((e) => e.event === 'content.publish');
  await theirs.until((e) => e.event === 'content.publish');
  assert.deepEqual(theirs.events.map((e) => e.event), ['content.publish']);
  assert.ok(!mine.events.some((e) => e.event === 'user.add'), 'accounts are for those who read the audit');
  for (const x of [mine, theirs]) x.close();
  await s.stop();
});

test('an author hears that a text was sent back', async () => {
  const s = await office();
  const unit = (await s.request('GET', '/api/units')).json[0];
  await s.must('user', 'add', 'guest', '--person', 'guest');
  await s.must('user', 'role', 'guest', 'author', unit.code);
  const { token } = await s.must('user', 'token', 'guest');
  const theirs = await stream(s, { token });
  const note = (await s.request('POST', '/api/content/note', { title: 'Mine', unit: unit.id }, { authorization: `Bearer ${token}` })).json;
  const back = await s.request('POST', `/api/content/note/${note.id}/send_back`, { comment: 'No figures' });
  assert.equal(back.status, 200, back.text);
  const told = await theirs.until((e) => e.event === 'content.send_back');
  assert.deepEqual([told.kind, told.id], ['item', note.id]);
  theirs.close();
  await s.stop();
});

test('what is taken away in the midst of a stream is heeded before the next event; its data is as the document has it', async () => {
  const s = await office();
  await s.must('user', 'add', 'guest', '--person', 'guest');
  const { token } = await s.must('user', 'token', 'guest');
  const unit = (await s.request('GET', '/api/units')).json[0].id;
  const { id } = await s.must('user', 'role', 'guest', 'reader');
  const theirs = await stream(s, { token });
  const note = (title) => s.request('POST', '/api/content/note', { title, unit });
  await note('Seen');
  await theirs.until((e) => e.event === 'content.create');
  await start(s, 1);
  await theirs.until((e) => e.event === 'flow.completed');
  const before = theirs.events.length;
  await s.must('user', 'end-role', 'guest', `${id}`);
  const hidden = (await note('Hidden')).json.id;
  await s.request('POST', `/api/content/note/${hidden}/publish`);
  await theirs.until((e) => e.event === 'content.publish');
  assert.deepEqual(theirs.events.slice(before).map((e) => e.event), ['content.publish'], 'public is all that it still may see');
  const known = (await s.request('GET', '/api/openapi.json')).json.components.schemas.Event;
  for (const { at, event, ...data } of theirs.events.map((e) => ({ ...e }))) {
    assert.equal(event, data.verb);
    assert.match(at, /^\d+\.\d+$/);
    assert.deepEqual(Object.keys(data).filter((k) => !known.properties[k]), []);
    assert.deepEqual(known.required.filter((k) => !(k in data) && k !== 'at'), []);
  }
  const many = theirs.events.length;
  await s.must('user', 'disable', 'guest');
  await s.request('POST', `/api/content/note/${(await note('After')).json.id}/publish`);
  for (const end = Date.now() + 5000; !theirs.ended && Date.now() < end;) await pause(10);
  assert.ok(theirs.ended, 'whose account is switched off is told no more');
  assert.equal(theirs.events.length, many);
  await s.stop();
});

test('without a token, with a wrong number, and past the limit a stream is refused; a stop ends all in order', async () => {
  const s = await office();
  assert.equal((await s.request('GET', '/api/events', undefined, { authorization: undefined })).status, 403 - 2);
  for (const id of ['x', '-1', '999999999.0', '1.x'])
    assert.equal((await s.request('GET', '/api/events', undefined, { 'last-event-id': id })).status, 422, id);
  const all = [];
  for (let i = 0; i < 20; i++) all.push(await stream(s));
  assert.equal((await s.request('GET', '/api/events')).status, 429);
  all[0].close();
  const how = await s.stop();
  assert.equal(how.code, 0);
  for (const end = Date.now() + 5000; !all.every((a) => a.ended) && Date.now() < end;) await pause(20);
  assert.ok(all.every((a) => a.ended));
});

test('a client that takes nothing does not hold up the others', async () => {
  const s = await office(), fast = await stream(s);
  const slow = await stream(s);
  slow.req.socket.pause();
  for (let n = 0; n < 500; n++) await start(s, n);
  for (const end = Date.now() + 10000; fast.events.filter((e) => e.event === 'flow.completed').length < 500 && Date.now() < end;) await pause(20);
  assert.equal(fast.events.filter((e) => e.event === 'flow.completed').length, 500);
  slow.req.socket.resume();
  for (const end = Date.now() + 10000; slow.events.filter((e) => e.event === 'flow.completed').length < 500 && Date.now() < end;) await pause(20);
  assert.equal(slow.events.filter((e) => e.event === 'flow.completed').length, 500);
  for (const x of [fast, slow]) x.close();
  await s.stop();
});
