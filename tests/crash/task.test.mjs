// The service is killed in the midst of what is done with tasks; afterwards each is done once, or was never done.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crashNames, dies } from '../lib/crash.mjs';
import { pause } from '../lib/khung.mjs';
import { BOUNDARY, multipart } from '../lib/browser.mjs';
import { flow, office } from '../lib/office.mjs';

const names = crashNames(/^(task|vote)\./).filter((n) => !['task.entry_doubted', 'vote.unread'].includes(n));
const person = (n) => `person("${n}")`;
const SOURCE = [
  flow('ask', `return run:ask { to = { ${['hoa', 'dao'].map(person).join(', ')} }, title = "One" }`),
  flow('all', `return run:ask_all({ ${['hoa', 'dao'].map((n) => `{ to = ${person(n)}, title = "${n}" }`).join(', ')} })`),
  flow('vote', `return run:vote { voters = { ${['hoa', 'dao', 'tam'].map(person).join(', ')} }, title = "V", secret = true, threshold = "2/3" }`),
  flow('link_file', `return run:ask { to = { ${['hoa', 'dao'].map(person).join(', ')} }, title = "File", form = { decision = "choice:approve,return!", scan = "file!" } }`),
  flow('once', `return run:ask_all({ { to = person("mai"), title = "Mai" }, { to = { position = "head", unit = unit("north") }, title = "Head" } }, { need = 2 })`),
  flow('clerk', 'return run:ask { to = { position = "head", unit = unit("north") }, title = "Clerk" }'),
].join('\n');
const keys = (s) => readdirSync(s.data).filter((f) => f.startsWith('vote-'));
const mine = async (s, who, run) => (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);

// What is done to each kind of wait, step by step; a step may be done again after a kill: it says itself whether it is done.
const plays = {
  ask: {
    asked: 1,
    steps: (s, run) => [
      async () => { const t = await mine(s, 'hoa', run); if (t && !t.claimed_by) await s.as('hoa')('POST', `/api/tasks/${t.id}/claim`, { until: '1h' }); },
      async () => { const t = await mine(s, 'hoa', run); if (t) await s.as('hoa')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }); },
    ],
    right: (r) => assert.equal(r.decision, 'approve'),
  },
  all: {
    asked: 2,
    steps: (s, run) => ['hoa', 'dao'].map((who) => async () => { const t = await mine(s, who, run); if (t) await s.as(who)('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }); }),
    right: (r) => assert.deepEqual([r.decision, r.approved], ['approve', 2]),
  },
  vote: {
    asked: 3,
    steps: (s, run) => [['hoa', 'approve'], ['dao', 'approve'], ['tam', 'reject']].map(([who, decision]) => async () => { const t = await mine(s, who, run); if (t) await s.as(who)('POST', `/api/tasks/${t.id}/decide`, { decision }); }),
    right: (r) => assert.deepEqual([r.passed, r.counts, r.voted], [true, { approve: 2, reject: 1, abstain: 0 }, 3]),
  },
  orphan: {
    flow: 'clerk',
    asked: 1,
    steps: (s, run) => [
      async () => { await s.cli('org', 'import', s.away); },
      async () => { await s.until1('it is asked of the head above', async () => mine(s, 'lan', run)); },
      async () => { const t = await mine(s, 'lan', run); if (t) await s.as('lan')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }); },
    ],
    right: (r) => assert.equal(r.decision, 'approve'),
  },
  // Nobody is above, until Tam comes in there.
  stranded: {
    flow: 'clerk',
    asked: 1,
    steps: (s, run) => {
      const at = async () => (await s.must('task', 'list')).find((t) => t.run === run);
      return [
        async () => { await s.cli('org', 'import', s.empty); },
        async () => { await s.until1('nobody can be asked', async () => (await at()).orphan); },
        async () => { await s.cli('org', 'import', s.come); },
        async () => { await s.until1('it is asked of who came in above', async () => mine(s, 'tam', run)); },
        async () => { const t = await mine(s, 'tam', run); if (t) await s.as('tam')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }); },
      ];
    },
    right: (r) => assert.equal(r.decision, 'approve'),
  },
  // Mai holds the position, too: she counts once, and the second is asked of the head above.
  once: {
    asked: 2,
    steps: (s, run) => {
      const at = async (title) => (await s.must('task', 'list')).find((t) => t.run === run && t.title === title);
      const say = async (who, t) => (t ? s.as(who)('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }) : undefined);
      return [
        async () => say('mai', await at('Mai')),
        async () => assert.equal((await say('mai', await at('Head'))).json.code, 'denied.once'),
        async () => { await s.until1('it is asked of the head above', async () => mine(s, 'lan', run)); },
        async () => say('lan', await mine(s, 'lan', run)),
      ];
    },
    right: (r) => assert.deepEqual([r.decision, r.approved], ['approve', 2]),
  },
  link: {
    flow: 'ask',
    asked: 1,
    steps: (s, run) => [
      async () => { if (!s.path) s.path = (await s.cli('task', 'link', (await s.must('task', 'list')).find((t) => t.run === run).id, 'dao')).json?.path; },
      async () => { await s.request('POST', s.path, 'decision=approve', { authorization: undefined, 'content-type': 'application/x-www-form-urlencoded' }); },
    ],
    right: (r) => assert.equal(r.decision, 'approve'),
  },
  link_file: {
    asked: 1,
    steps: (s, run) => [
      async () => { if (!s.path) s.path = (await s.cli('task', 'link', (await s.must('task', 'list')).find((t) => t.run === run).id, 'dao')).json?.path; },
      async () => {
        const r = await s.request('POST', s.path, multipart([['decision', 'approve']], [['scan', 'a.txt', 'by a link']]).toString(), { authorization: undefined, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` });
        assert.ok([200, 409].includes(r.status), r.text);
      },
    ],
    right: (r) => assert.deepEqual([r.decision, r.scan.name], ['approve', 'a.txt']),
  },
  detach: {
    flow: 'ask',
    asked: 1,
    steps: (s, run) => [
      async () => {
        const t = await mine(s, 'hoa', run), said = (await s.as('hoa')('GET', `/api/tasks/${t.id}/comments`)).json;
        if (said.length) return;
        s.file = (await s.as('hoa')('POST', '/api/files?name=x.txt', 'attached', { 'content-type': 'application/octet-stream' })).json.id;
        await s.as('hoa')('POST', `/api/tasks/${t.id}/attach`, { files: [s.file] });
      },
      async () => {
        const t = await mine(s, 'hoa', run), r = await s.as('hoa')('DELETE', `/api/tasks/${t.id}/files/${s.file}`);
        assert.ok([200, 404].includes(r.status), r.text);
        assert.deepEqual(await s.must('verify'), []);
      },
      async () => { const t = await mine(s, 'hoa', run); if (t) await s.as('hoa')('POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' }); },
    ],
    right: (r) => assert.deepEqual([r.decision, r.comments], ['approve', undefined]),
  },
};

async function prepared() {
  const s = await office(SOURCE);
  const holds = (unit, person, to) => ({ position: 'head', unit, person, from: '2020-01-01', to });
  const put = (name, holders) => { s[name] = join(s.dir, `${name}.json`); writeFileSync(s[name], JSON.stringify({ holders })); };
  put('away', [holds('north', 'mai', '2020-06-01')]);
  put('empty', [holds('north', 'mai', '2020-06-01'), holds('province', 'lan', '2020-06-01')]);
  put('come', [holds('province', 'tam')]);
  for (const who of ['hoa', 'dao', 'tam', 'lan', 'mai']) await s.as(who)('GET', '/api/inbox');
  return s;
}

// Each step until it has gone through, started again whenever the service has died.
async function drive(s, run, play) {
  for (const step of play.steps(s, run)) {
    for (let tries = 0; ; tries++) {
      assert.ok(tries < 5, 'the step never goes through');
      try {
        await step();
        await pause(20);
        if (!s.gone) break;
      } catch (e) {
        if (!s.gone) await Promise.race([s.ended, pause(2000)]);
        if (!s.gone) throw e;
      }
      await s.start();
    }
  }
}

async function finish(s, run, play) {
  const end = await s.done(run);
  assert.equal(end.state, 'completed', JSON.stringify(end));
  play.right(end.result);
  await s.restart();
  assert.deepEqual(await s.must('verify'), []);
  assert.deepEqual(keys(s), []);
  assert.equal((await s.must('task', 'list')).length, 0);
  await s.stop();
}

describe('killed at a named point', () => {
  const where = { 'task.orphaned': 'orphan', 'task.orphan_waits': 'stranded', 'task.link_used': 'link', 'task.link_files': 'link_file', 'task.detached': 'detach' };
  assert.ok(names.length >= 6);
  for (const name of names)
    it(name, { timeout: 60000 }, async () => {
      const kind = where[name] ?? 'vote', play = plays[kind];
      const s = await prepared();
      await s.restart({ KHUNG_CRASH_AT: `${name}:1` });
      let run = await s.startFlow(`t.${play.flow ?? kind}`, {}, 'once').catch(() => null), died = false;
      if (s.gone || run === null) {
        died = true;
        await dies(s, name);
        await s.start();
        run = await s.startFlow(`t.${play.flow ?? kind}`, {}, 'once');
      }
      await s.open(run, play.asked);
      s.ended.then(() => { died = true; });
      await drive(s, run, play);
      if (!died) await dies(s, name);
      if (s.gone) await s.start();
      await finish(s, run, play);
    });
});

describe('killed when the second place of one who has answered', () => {
  it('is found to be one for which nobody is left', { timeout: 60000 }, async () => {
    const s = await prepared(), play = plays.once;
    await s.restart({ KHUNG_CRASH_AT: 'task.orphaned:1' });
    const run = await s.startFlow('t.once');
    await s.open(run, play.asked);
    let died = false;
    s.ended.then(() => { died = true; });
    await drive(s, run, play);
    if (!died) await dies(s, 'task.orphaned');
    if (s.gone) await s.start();
    await finish(s, run, play);
  });
});

describe('killed between any two steps of', () => {
  for (const [kind, play] of Object.entries(plays))
    it(`${kind}`, { timeout: 60000 }, async () => {
      const s = await prepared();
      const run = await s.startFlow(`t.${play.flow ?? kind}`);
      await s.open(run, play.asked);
      for (const step of play.steps(s, run)) {
        await s.kill();
        await s.start();
        await step();
      }
      await s.kill();
      await s.start();
      await finish(s, run, play);
    });
});
