// The service is killed in the midst of taking a file in, hanging it on an item, and sweeping: what was answered is there, byte by byte; a row
// without its bytes never is; what nobody names goes after a day.
import { before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { around, crashNames, dies, keep, killedOn, startTo } from '../lib/crash.mjs';
import { pause } from '../lib/khung.mjs';
import { office } from '../lib/office.mjs';
import { download, kept, send, sha256, upload } from '../lib/file.mjs';
import { sql } from './check.mjs';

const names = crashNames(/^file\./);
const SOURCE = 'content.type("case", { fields = { title = "text!", scan = "file" }, title = "title", unit = true })';

async function prepared() {
  const s = await office(SOURCE, { config: { lang: 'en' } });
  await s.as('lan')('GET', '/api/inbox');
  s.item = (await s.as('lan')('POST', '/api/content/case', { title: 'A', unit: 1 })).json.id;
  return s;
}

// What was answered before the end, or null.
const attempt = (call) => call.catch(() => null);
const hang = (s, file) => s.as('lan')('PATCH', `/api/content/case/${s.item}`, { scan: file }, { 'if-match': '*' });
const text = async (s) => (await s.as('lan')('GET', `/api/content/case/${s.item}/draft`)).json;

async function sound(s) {
  assert.deepEqual(await s.must('verify'), []);
  const hashes = new Set(kept(s).hashes);
  for (const { hash } of sql(s.data, 'select hash from file')) assert.ok(hashes.has(hash), `${hash} has a row and no bytes`);
  const { scan } = await text(s);
  if (scan) assert.equal(sha256((await download(s, s.tokens.lan, scan.id)).bytes), scan.hash);
}

// A day and more later nothing is there that nobody names; what hangs is.
async function swept(s) {
  await s.stop();
  s.config.clock_offset = (s.config.clock_offset ?? 0) + 26 * 3600 * 1000;
  await s.start();
  await s.until1('all that nobody names is gone', () => kept(s).tmp.length === 0 && kept(s).hashes.length === sql(s.data, 'select count(distinct hash) n from file where hung > 0')[0].n);
  await sound(s);
}

describe('killed at a named point', () => {
  assert.ok(names.length >= 7);
  let s, token, first, back;
  before(async () => {
    s = await prepared();
    token = s.tokens.lan;
    first = (await upload(s, token, 'the one before')).json;
    assert.equal((await hang(s, first.id)).status, 200);
    await upload(s, token, 'for the sweep');
    back = await keep(s);
  });
  // [way, whether what passed it is there afterwards]
  for (const [way, wanted] of [...names.map((n) => [n, false]), ...around('file.row').slice(1), ...around('file.hung').slice(1)])
    it(way, { timeout: 60000 }, async () => {
      const bytes = randomBytes(300000), own = way.split('>')[0], isSweep = own === 'file.swept', isHung = own === 'file.hung';
      await back();
      if (isSweep) s.config.clock_offset = 26 * 3600 * 1000;
      let file = null, hung = null;
      if (await startTo(s, way) && !isSweep) {
        file = (await attempt(upload(s, token, bytes)))?.json ?? null;
        if (file) hung = await attempt(hang(s, file.id));
      }
      await dies(s, way);
      assert.equal(file !== null, isHung, 'an answer means durable, none that it is not known to be');
      assert.equal(hung, null);
      // A sweep goes by the service's clock, the files by the machine's: what comes in now is no day old.
      if (isSweep) s.config.clock_offset = 0;
      await s.start();
      await sound(s);
      if (!isSweep) {
        assert.equal(sql(s.data, `select count(*) n from file where hash = '${sha256(bytes)}'`)[0].n, isHung || wanted ? 1 : 0);
        assert.equal((await text(s)).scan.id, isHung && wanted ? file.id : first.id);
      }
      if (file) assert.equal(sha256((await download(s, token, file.id)).bytes), file.hash);
      const again = await upload(s, token, bytes);
      assert.equal(again.status, 201);
      assert.equal((await hang(s, again.json.id)).status, 200);
      await sound(s);
      await swept(s);
      assert.equal((await text(s)).scan.id, again.json.id);
      assert.equal(sha256((await download(s, token, again.json.id)).bytes), sha256(bytes));
      await s.stop();
    });
});

describe('killed while a file with an Idempotency-Key is handed in', () => {
  const points = names.slice(0, names.indexOf('file.row') + 1);
  let s, token, back;
  before(async () => {
    s = await prepared();
    token = s.tokens.lan;
    back = await keep(s);
  });
  for (const [way, wanted] of [...points.map((n) => [n, false]), ...around('route.key_kept')])
    it(`${way}: sent again, it is there once`, { timeout: 60000 }, async () => {
      const bytes = randomBytes(100000), hash = sha256(bytes);
      const hand = (body) => send(s, 'POST', '/api/files?name=a.bin', { token, bytes: body, headers: { 'idempotency-key': 'one' } });
      const rows = () => sql(s.data, `select id, user is not null own from file where hash = '${hash}'`);
      await back();
      assert.equal(await killedOn(s, way, () => hand(bytes)), null);
      assert.equal(rows().length, wanted ? 1 : 0);
      const again = await hand(bytes), third = await hand(bytes);
      assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, wanted ? 'true' : undefined]);
      assert.deepEqual([third.status, third.json, third.headers['idempotent-replayed']], [201, again.json, 'true']);
      assert.deepEqual(rows(), [{ id: again.json.id, own: 1 }]);
      assert.equal(sha256((await download(s, token, again.json.id)).bytes), hash);
      assert.equal((await hand('other')).status, 422);
      await sound(s);
      await swept(s);
      await s.stop();
    });
});

describe('killed at any time', () => {
  it('while many hand in and hang', { timeout: 120000 }, async () => {
    const s = await prepared(), token = s.tokens.lan, acked = new Map();
    for (let round = 0; round < 12; round++) {
      const goal = acked.size + randomInt(1, 5);
      const worker = async () => {
        while (!s.gone) {
          const bytes = randomBytes(randomInt(1, 200000)), r = await attempt(upload(s, token, bytes));
          if (r?.status !== 201) continue;
          assert.equal(r.json.hash, sha256(bytes));
          const h = await attempt(hang(s, r.json.id));
          if (h?.status === 200) acked.set(r.json.id, r.json.hash);
        }
      };
      const all = [worker(), worker(), worker()];
      await s.until1('so many hang', () => acked.size >= goal);
      await pause(randomInt(5, 50));
      await s.kill();
      await Promise.all(all);
      await s.start();
    }
    assert.ok(acked.size > 6, `${acked.size} were hung`);
    await sound(s);
    await swept(s);
    for (const [id, hash] of acked) {
      const d = await download(s, token, id);
      assert.deepEqual([d.status, sha256(d.bytes)], [200, hash]);
    }
    await s.stop();
  });
});
