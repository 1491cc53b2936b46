// What is shown once is nowhere kept: not in the answer to the same Idempotency-Key, not in the database, not in the audit.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, plugin, serve } from '../lib/khung.mjs';

const SOURCE = `
flow.define("asks", { title = "Asks", input = {} }, function(run)
  return run:ask { to = { position = "head", unit = "office" }, title = "Yes?" }.decision
end)
`;

let s, task;

before(async () => {
  const dir = folder();
  plugin(dir, 'office', SOURCE, { needs: '{ "flow", "people" }' });
  s = await serve({ dir, config: { lang: 'en' } });
  await s.admin();
  await s.request('POST', '/api/runs', { flow: 'office.asks', input: {} });
  [task] = await s.must('task', 'list', '--user', 'boss');
});
after(() => s?.stop());

// As bytes, wherever it would lie.
function lies(text) {
  return ['khung.db', 'khung.db-wal'].filter((f) => existsSync(join(s.data, f)) && readFileSync(join(s.data, f)).includes(Buffer.from(text)));
}

// { path: [body, members that are shown once, what else must come again] }
const ROUTES = {
  '/api/users/boss/tokens': [{ label: 'phone' }, ['token'], ['id']],
  '/api/users/guest/reset_link': [{}, ['link'], ['expires']],
  '/api/setup_links': [{}, ['link'], []],
  '/api/webhooks': [{ url: 'http://127.0.0.1:9/' }, ['secret'], ['id']],
  '/api/webhooks/1/rotate': [{}, ['secret'], ['id']],
  '/api/calendar': [{}, ['url'], []],
};

test('sent again, a request is answered without it, and says what is left out', async () => {
  await s.must('user', 'add', 'guest', '--person', 'guest');
  for (const [path, [body, once, rest]] of Object.entries({ ...ROUTES, [`/api/tasks/${task.id}/link`]: [{ person: 'boss' }, ['token', 'path'], []] })) {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await s.request('POST', path, body, headers), second = await s.request('POST', path, body, headers);
    assert.ok(first.status < 300, `${path} ${first.text}`);
    assert.deepEqual([second.status, second.headers['idempotent-replayed']], [first.status, 'true'], path);
    assert.equal(first.json.withheld, undefined, path);
    assert.deepEqual([...second.json.withheld].sort(), [...once].sort(), path);
    for (const name of rest) assert.equal(second.json[name], first.json[name], path);
    for (const name of once) {
      assert.ok(first.json[name].length > 20, path);
      assert.equal(second.json[name], undefined, path);
      // A webhook's key is needed to sign; it lies there as bytes.
      // Of an address the last part; a key is base64, which may have a slash of its own.
      const secret = name === 'secret' ? first.json[name].replace('whsec_', '') : first.json[name].split('/').at(-1);
      assert.ok(secret.length > 20, `${path} ${name}`);
      assert.deepEqual(lies(secret), [], `${path} ${name} lies in the database`);
    }
  }
});
