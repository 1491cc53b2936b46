// An approval binds to what was shown. An edit voids it, shows the difference, and asks again only those whose part changed.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';

const needs = (body) => (name) => flow(name, body).replace(`title = "${name}" }`, `title = "${name}", input = { id = "integer!" } }`);
const SOURCE = [
  needs(`local note, all = content.get("note", input.id), {}
  repeat
    local a = run:ask { to = person("hoa"), title = "Read", about = content.get("note", input.id) }
    all[#all + 1] = a
  until not a.voided
  return all`)('again'),
  needs(`return run:ask_all({
    { to = person("hoa"), title = "Money", about = content.get("note", input.id), part = { "fee" } },
    { to = person("dao"), title = "Words", about = content.get("note", input.id), part = { "title", "body" } },
    { to = person("tam"), title = "All", about = content.get("note", input.id) },
  })`)('parts'),
  needs(`local note = content.get("note", input.id)
  local ok, e = pcall(function() return run:ask { to = person("hoa"), title = "x", part = { "fee" } } end)
  return e.code`)('bad'),
  flow('abstain', `return run:ask_all({
    { to = person("hoa"), title = "1", form = { decision = "choice:approve,return,abstain!" } },
    { to = person("dao"), title = "2", form = { decision = "choice:approve,return,abstain!" } },
    { to = person("tam"), title = "3", form = { decision = "choice:approve,return,abstain!" } } }, { need = "all" })`),
  flow('veto', `return run:ask_all({ { to = person("hoa"), title = "1" }, { to = person("dao"), title = "2" }, { to = person("tam"), title = "3" } },
    { need = 2, veto = true })`),
].join('\n');
const say = async (s, who, run, answer) => {
  const mine = (await s.as(who)('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
  assert.ok(mine, `${who} is asked nothing`);
  const r = await s.as(who)('POST', `/api/tasks/${mine.id}/decide`, answer);
  assert.equal(r.status, 200, r.text);
  return mine;
};
const edit = (s, id, fields) => s.startFlow('t.edit_note', { id, fields }).then((run) => s.done(run));
const asked = async (s, run) => (await s.must('task', 'list')).filter((t) => t.run === run).map((t) => t.title).sort();

describe('an edit', () => {
  it('voids what was asked, with the difference; who is asked again sees it', async () => {
    const s = await office(SOURCE);
    const note = (await s.done(await s.startFlow('t.write_note'))).result;
    const run = await s.startFlow('t.again', { id: note }), [first] = await s.open(run);
    await edit(s, note, { title: 'Two', fee: 2 });
    const [second] = await s.until1('it is asked again', async () => { const t = await s.open(run); return t[0].id !== first.id && t; });
    await s.restart();
    const shown = (await s.as('hoa')('GET', `/api/tasks/${second.id}`)).json;
    assert.deepEqual(shown.changed.map((c) => [c.field, c.before, c.after]).sort(), [['fee', 1, 2], ['title', 'One', 'Two']]);
    assert.equal((await s.as('hoa')('POST', `/api/tasks/${first.id}/decide`, { decision: 'approve' })).status, 409);
    await say(s, 'hoa', run, { decision: 'approve' });
    const all = (await s.done(run)).result;
    assert.equal(all.length, 2);
    assert.deepEqual([all[0].voided, all[0].changed.length, all[0].decision], [true, 2, undefined]);
    assert.equal(all[1].voided, undefined);
    await s.stop();
  });

  it('of a part asks only those again whose part it is, answered or not; hot and cold', async () => {
    const s = await office(SOURCE);
    const note = (await s.done(await s.startFlow('t.write_note'))).result;
    const run = await s.startFlow('t.parts', { id: note });
    await s.open(run, 3);
    await say(s, 'hoa', run, { decision: 'approve' });
    await say(s, 'dao', run, { decision: 'approve' });
    assert.deepEqual(await asked(s, run), ['All']);
    await edit(s, note, { fee: 7 });
    assert.deepEqual(await asked(s, run), ['All', 'Money']);
    await s.restart();
    const mine = (await s.as('hoa')('GET', '/api/inbox')).json.tasks.find((t) => t.run === run);
    assert.deepEqual(mine.changed.map((c) => [c.field, c.before, c.after]), [['fee', 1, 7]]);
    await edit(s, note, { body: 'c' });
    assert.deepEqual(await asked(s, run), ['All', 'Money', 'Words']);
    for (const who of ['tam', 'dao', 'hoa']) await say(s, who, run, { decision: 'approve' });
    const r = (await s.done(run)).result;
    assert.deepEqual([r.decision, r.approved, r.voided], ['approve', 3, undefined]);
    assert.ok(r.hash && r.revision === 3);
    await edit(s, note, { fee: 8 });
    assert.deepEqual(await asked(s, run), []);
    assert.deepEqual(await s.must('verify'), []);
    await s.stop();
  });

  it('a part without a text is refused', async () => {
    const s = await office(SOURCE);
    const note = (await s.done(await s.startFlow('t.write_note'))).result;
    assert.equal((await s.done(await s.startFlow('t.bad', { id: note }))).result, 'task.part');
    await s.stop();
  });
});

describe('ask_all', () => {
  it('who abstains counts for neither side; nobody alone decides nothing', async () => {
    const s = await office(SOURCE);
    const one = await s.startFlow('t.abstain');
    await s.open(one, 3);
    for (const [who, d] of [['hoa', 'approve'], ['dao', 'abstain'], ['tam', 'approve']]) await say(s, who, one, { decision: d });
    const r = (await s.done(one)).result;
    assert.deepEqual([r.decision, r.approved, r.abstained], ['approve', 2, 1]);
    const none = await s.startFlow('t.abstain');
    await s.open(none, 3);
    for (const who of ['hoa', 'dao', 'tam']) await say(s, who, none, { decision: 'abstain' });
    assert.equal((await s.done(none)).result.decision, 'return');
    await s.stop();
  });

  it('with a veto ends at the first who says no, and the others are asked no more; without a no it takes as many as it needs', async () => {
    const s = await office(SOURCE);
    const one = await s.startFlow('t.veto');
    await s.open(one, 3);
    await say(s, 'hoa', one, { decision: 'approve' });
    await s.restart();
    await say(s, 'dao', one, { decision: 'return' });
    const no = (await s.done(one)).result;
    assert.deepEqual([no.decision, no.approved], ['return', 1]);
    assert.deepEqual(await asked(s, one), []);
    const two = await s.startFlow('t.veto');
    await s.open(two, 3);
    for (const who of ['hoa', 'tam']) await say(s, who, two, { decision: 'approve' });
    assert.equal((await s.done(two)).result.decision, 'approve');
    assert.deepEqual(await asked(s, two), []);
    await s.stop();
  });
});

describe('a text that its flow has read before it was changed', () => {
  it('is asked about as it stands: what is shown is what the answer binds to', async () => {
    const s = await office(flow('stale', `
  local note = content.get("note", content.create("note", { title = "One" }).id)
  content.edit(note, { title = "Two" })
  local one = run:ask { to = person("lan"), title = "Asked", about = note }
  local whole = run:vote { voters = { person("lan") }, title = "Voted", about = note }
  return { one.hash, whole.hash, content.get("note", note.id).hash }`));
    const run = await s.startFlow('t.stale');
    for (const title of ['Asked', 'Voted']) {
      const { id } = await s.until1(title, async () => (await s.as('lan')('GET', '/api/inbox')).json.tasks.find((t) => t.title === title));
      const t = (await s.as('lan')('GET', `/api/tasks/${id}`)).json;
      assert.deepEqual([t.item.title, t.item.revision, t.item.hash], ['Two', t.about_revision, t.about_hash]);
      assert.equal((await s.as('lan')('POST', `/api/tasks/${id}/decide`, { decision: 'approve' })).status, 200);
    }
    const [one, whole, now] = (await s.done(run)).result;
    assert.deepEqual([one, whole], [now, now]);
    await s.stop();
  });
});
