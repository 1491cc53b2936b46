// What the reader of the files learns of a secret vote: that a member has voted, and no more. The reader is an adversary:
// he has the database, its log with all pages that were ever written since, and one copy of the whole folder.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { sqlite } from '../lib/khung.mjs';
import { flow, office } from '../lib/office.mjs';

const NINE = ['lan', 'mai', 'hoa', 'cuc', 'dao', 'tam', 'an', 'binh', 'chi'];
const voters = (names) => `{ ${names.map((n) => `person("${n}")`).join(', ')} }`;
const sql = (data, text) => JSON.parse(sqlite(data, text, '-readonly', '-json') || '[]');
const keys = (data) => readdirSync(data).filter((f) => /^vote-.*\.key$/.test(f));
const sha = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest('hex');

// Every image of every page of `table` that the log holds, in the order in which it was written.
function pages(data, table) {
  const root = sql(data, `select rootpage from sqlite_master where name = '${table}'`)[0].rootpage;
  const log = existsSync(join(data, 'khung.db-wal')) ? readFileSync(join(data, 'khung.db-wal')) : Buffer.alloc(0), out = [];
  for (let at = 32; at + 24 + 4096 <= log.length; at += 24 + 4096) if (log.readUInt32BE(at) === root) out.push(log.subarray(at + 24, at + 24 + 4096));
  const file = readFileSync(join(data, 'khung.db'));
  if (file.length >= root * 4096) out.push(file.subarray((root - 1) * 4096, root * 4096));
  return out;
}

const ballot = async (s, who, run, answer, headers = {}) => {
  const mine = (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
  const r = await s.as(who)('POST', `/api/tasks/${mine.id}/decide`, answer, headers);
  assert.equal(r.status, 200, r.text);
  return mine.id;
};
const copy = (data) => {
  const to = mkdtempSync(join(tmpdir(), 'vote-'));
  cpSync(data, to, { recursive: true, filter: (f) => !f.endsWith('.sock') });
  return to;
};

describe('the reader of the files of a secret vote', () => {
  it('finds one row, of one length, by which nobody is told from another; and none of the states before opens any more', async () => {
    const s = await office(flow('secret', `return run:vote { voters = ${voters(NINE)}, title = "Motion", secret = true, threshold = "80%", returns = { "author", "form" } }`));
    const run = await s.startFlow('t.secret');
    await s.open(run, 9);
    const said = Object.fromEntries(NINE.map((n, i) => [n, i < 7 ? { decision: 'approve' } : { decision: 'reject', return_to: 'form' }]));
    const seen = new Set(), used = new Set();
    for (const who of NINE.slice(0, 8)) {
      await ballot(s, who, run, said[who]);
      const rows = sql(s.data, 'select hex(key) key, hex(sealed) sealed from flow_vote_count');
      assert.equal(rows.length, 1);
      const files = await s.until1('the key of the state before is gone', async () => keys(s.data).length === 1 && keys(s.data));
      assert.ok(files[0].includes(rows[0].key.toLowerCase()), `${files[0]} ${rows[0].key}`);
      used.add(files[0]);
      seen.add(rows[0].sealed);
      assert.equal(rows[0].sealed.length, 2 * (24 + 16 + 2 * (21 + 100)));
    }
    assert.deepEqual([seen.size, used.size], [8, 8], 'each state is sealed anew');

    // The whole folder, key and all: the one key is of the newest state. The log still holds the states before it.
    const folder = copy(s.data), key = Buffer.from(readFileSync(join(folder, keys(folder)[0])));
    const states = new Set(pages(folder, 'flow_vote_count').map((p) => p.toString('hex')));
    assert.ok(states.size >= 8, `the log has ${states.size} states`);
    const id = Buffer.from(keys(folder)[0].split('.')[1], 'hex').toString('hex');
    assert.equal([...states].filter((p) => p.includes(id)).length, 1, 'one state alone names the key that is left');
    assert.ok(![...states].some((p) => p.includes(key.toString('hex'))), 'no key stands in the database');
    const whole = ['khung.db', 'khung.db-wal'].filter((f) => existsSync(join(folder, f))).map((f) => readFileSync(join(folder, f))).reduce((a, b) => Buffer.concat([a, b]));
    assert.equal(whole.indexOf(key), -1);

    // Who has voted is known. Of how: those for it and against it look alike, to the byte, but for who they are.
    const rows = sql(s.data, `select decided_by, decided_at, decided_as, hex(answer) answer from flow_task where run = ${run} and state = 1`);
    assert.equal(rows.length, 8);
    const shape = (r) => JSON.stringify([r.decided_at, r.answer.length]);
    assert.equal(new Set(rows.map(shape)).size, 1);
    assert.deepEqual(sql(s.data, 'select count(*) n from flow_task_log'), [{ n: 0 }]);

    await ballot(s, 'chi', run, said.chi);
    const r = (await s.done(run)).result;
    assert.deepEqual([r.passed, r.counts, r.return_to, r.returns], [false, { approve: 7, reject: 2, abstain: 0 }, 'form', { author: 0, form: 2 }]);
    assert.equal(r.votes, undefined);
    await s.until1('no key is left', async () => keys(s.data).length === 0);
    assert.deepEqual(sql(s.data, 'select count(*) n from flow_vote_count'), [{ n: 0 }]);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('learns nothing of the few who came to one without a quorum: nothing is opened', async () => {
    const s = await office(flow('few', `return run:vote { voters = ${voters(NINE)}, title = "Motion", secret = true, quorum = "1/2", within = "1h", absent = "against" }`));
    const run = await s.startFlow('t.few');
    await s.open(run, 9);
    await ballot(s, 'lan', run, { decision: 'approve' });
    await s.later(2);
    const r = (await s.done(run)).result;
    assert.deepEqual([r.passed, r.quorum, r.voted, r.counts, r.choice, r.absent.length], [false, false, 1, undefined, undefined, 8]);
    assert.match(r.minutes, /Không mở phiếu/);
    assert.doesNotMatch(r.minutes, /tán thành/);
    await s.until1('no key is left', async () => keys(s.data).length === 0);
    await s.stop();
  });

  it('cannot try out what one may have said: a repeated request is known by its key, and its body is kept in no form', async () => {
    const s = await office(['secret', 'open'].map((name) => flow(name, `return run:vote { voters = ${voters(['lan', 'mai'])}, title = "Motion", secret = ${name === 'secret'} }`)).join('\n'));
    const guesses = (task) => ['approve', 'reject', 'abstain'].flatMap((decision) => [JSON.stringify({ decision }), `{"decision": "${decision}"}`])
      .map((body) => sha('POST\0', `/api/tasks/${task}/decide\0`, '\0', body));
    const kept = () => sql(s.data, 'select lower(hex(request)) request from http_idempotency').map((r) => r.request);
    for (const name of ['open', 'secret']) {
      const run = await s.startFlow(`t.${name}`), key = { 'idempotency-key': `once-${name}` };
      await s.open(run, 2);
      const task = await ballot(s, 'lan', run, { decision: 'reject' }, key);
      assert.match(kept().at(-1), /^[0-9a-f]{64}$/);
      assert.ok(!guesses(task).some((g) => kept().includes(g)), name); // not without the key outside the database
      const again = await s.as('lan')('POST', `/api/tasks/${task}/decide`, { decision: 'reject' }, key);
      assert.equal(again.status, 200, again.text);
      // Of a secret one another body gets the same answer: whoever has that key, too, learns nothing by trying.
      const other = await s.as('lan')('POST', `/api/tasks/${task}/decide`, { decision: 'approve' }, key);
      assert.equal(other.json?.code, name === 'open' ? 'http.idempotency_other' : undefined, other.text);
      if (name === 'secret') assert.deepEqual([other.status, other.headers['idempotent-replayed']], [200, 'true'], 'the client is told that its choice was not taken');
      await ballot(s, 'mai', run, { decision: 'reject' });
      assert.deepEqual((await s.done(run)).result.counts, { approve: 0, reject: 2, abstain: 0 });
    }
    await s.stop();
  });
});
