// Errors of plugins: each is told with an id, place and remedy, and can be found by its id later, with a storm folded into one.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { KHUNG, folder, pause, plugin, serve, write } from '../lib/khung.mjs';

const source = `
content.type("note", { fields = { title = "text!" }, title = "title" })
flow.define("nothing_there", { retry = { times = 0 } }, function(run)
  local item = content.get("note", 42)
  return item.title
end)
flow.define("slip", { retry = { times = 0 } }, function(run)
  content.publsh(1)
end)
flow.define("refused", { retry = { times = 0 } }, function(run)
  error { code = "mine.no", message = "not today" }
end)
on("content.before_submit", function(e)
  local x
  return x + 1
end)
flow.define("vetoed", { retry = { times = 0 } }, function(run)
  content.submit(content.create("note", { title = "a" }))
end)
report.define("broken", { columns = { { "n", "integer" } } }, function(p, out) out:rwo { 1 } end)
loop.after("10ms", function() error("loop broke") end)
`;
const manifest = { needs: '{ "flow", "content", "report" }' };

async function broken() {
  const dir = folder();
  plugin(dir, 'bad', source, manifest);
  return serve({ dir });
}

test('a mistake of each kind of code is kept with place, source, remedy and traceback', async () => {
  const s = await broken();
  for (const flow of ['nothing_there', 'slip', 'refused', 'vetoed']) await s.startFlow(`bad.${flow}`);
  const report = await s.cli('report', 'run', 'broken', '--lang', 'en');
  assert.equal(report.code, 1);
  const kinds = [['nothing_there', 'run'], ['slip', 'run'], ['refused', 'run'], ['content.before_submit', 'hook'], ['broken', 'report'], ['loop.failed', 'loop']];
  let list;
  const of = (name) => list.find((e) => e.name.startsWith(name));
  await s.until1('all are kept', async () => { list = await s.must('error', 'list', '--lang', 'en'); return kinds.every(([name]) => of(name)); });
  for (const [name, kind] of kinds)
    assert.equal(of(name)?.kind, kind, `${name}: ${JSON.stringify(list)}`);

  const slip = await s.must('error', 'show', of('slip').id, '--lang', 'en');
  assert.match(slip.where, /^bad\/init\.lua:8$/);
  assert.match(slip.source, /> +8 +content\.publsh\(1\)/);
  assert.match(slip.remedy, /Did you mean content\.publish\?/);
  assert.match(slip.traceback, /bad\/init\.lua:8/);
  const run = await s.flow(slip.run);
  const nowhere = await s.must('error', 'show', of('nothing_there').id);
  assert.deepEqual([slip.step, nowhere.step], [0, 1], 'the step, counted as in flow history');
  assert.equal(run.error.incident, slip.id);
  assert.match((await s.must('error', 'show', of('nothing_there').id, '--lang', 'vi')).remedy, /item ở đây là nil/);
  // What answers a person names the id; a refusal that the author meant is no error of the plugin's code.
  assert.match(report.err, new RegExp(`khung error show ${of('broken').id}`));
  assert.match(s.log, new RegExp(`plugin\\.error.*${slip.id}`));
  assert.equal(list.filter((e) => e.name.startsWith('refused'))[0].message, 'not today');
  await s.stop();
});

test('the id survives a restart, and an unknown one is told', async () => {
  const s = await broken();
  await s.startFlow('bad.slip');
  const { id } = await s.until1('it is kept', async () => (await s.must('error', 'list')).find((e) => e.name === 'slip'));
  await s.restart();
  assert.equal((await s.must('error', 'show', id)).id, id);
  const unknown = await s.cli('error', 'show', 'nope1234', '--lang', 'en');
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /no error nope1234/);
  await s.stop();
});

test('a storm of one error is one row with its count, and few lines in the log', async () => {
  const dir = folder(), settings = join(dir, 'settings.json');
  plugin(dir, 'bad', source, manifest);
  write(settings, JSON.stringify({ bad: { limits: { failures: 0 } } })); // it is not switched off for that
  const s = await serve({ dir, config: { settings } });
  await s.admin();
  const many = 400;
  for (let i = 0; i < many; i += 20)
    await Promise.all(Array.from({ length: 20 }, () => s.request('POST', '/api/runs', { flow: 'bad.slip', input: {} })));
  await pause(1200);
  await s.startFlow('bad.slip'); // brings along what was only counted
  const slips = async () => (await s.must('error', 'list')).filter((e) => e.name === 'slip');
  await s.until1('all are counted', async () => (await slips())[0].count > many);
  assert.deepEqual((await slips()).map((e) => e.count), [many + 1]);
  assert.ok(s.log.match(/plugin\.error/g).length < 20);
  await s.stop();
});

test('what a plugin says is shown, and no terminal obeys it', async () => {
  const dir = folder();
  plugin(dir, 'p', `flow.define("bad", { retry = { times = 0 } }, function() error("boom \\27[2J\\27]0;x\\7 \\u{9b}2J \\u{202e} Tết\\ttab") end)
flow.define("good", {}, function(run) run:status("s\\27[2J") return "r\\27[2J" end)
`, { needs: '{ "flow" }' });
  const s = await serve({ dir });
  await s.until(await s.startFlow('p.bad'), 'failed');
  const good = await s.startFlow('p.good');
  await s.until(good, 'completed');
  const { id } = await s.until1('it is kept', async () => (await s.must('error', 'list'))[0]);
  const words = [['error', 'list'], ['error', 'show', id], ['flow', 'list'], ['flow', 'show', good], ['flow', 'history', good]];
  const told = (await Promise.all(words.map((w) => s.text(...w)))).join('');
  const typed = spawnSync(KHUNG, ['console', 'p', '--data', s.data], { input: '"v\\27[2J"\nerror("e\\27[2J")\n', encoding: 'utf8' });
  for (const text of [told, typed.stdout, typed.stderr]) assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
  for (const part of ['boom \\x1B[2J', 'Tết\ttab', 's\\x1B[2J', 'r\\x1B[2J']) assert.ok(told.includes(part), `${part}: ${told}`);
  assert.match(typed.stdout, /v\\x1B\[2J/);
  assert.match(typed.stderr, /e\\x1B\[2J/);
  await s.stop();
});
