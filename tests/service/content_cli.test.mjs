// khung content: a text on its way from draft to archive by the command line, with a service and without one; what is approved or published is
// what was seen; and an import tells what became of it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Service, folder, plugin, write } from '../lib/khung.mjs';

const SOURCE = `
content.type("note", { fields = { title = "text!", body = "text", fee = "integer" }, title = "title", unit = true, approval = true })
flow.define("import", { input = { type = "text!", text = "text!" }, retry = { times = 0 } }, function(run, input)
  local note = json.decode(input.text)
  if note.none then error { code = "desk.none", message = "Step one, body: has no tea." } end
  run:sleep("300ms")
  return { item = content.create(input.type, note).id }
end)
flow.define("again", { input = { type = "text!", text = "text!" } }, function() error { code = "desk.again", message = "Not yet." } end)
`;

for (const served of [true, false]) {
  describe(served ? 'with a service' : 'without one', () => {
    let s;
    before(async () => {
      const dir = folder();
      plugin(dir, 'desk', SOURCE, { needs: '{ "flow", "content", "content:publish", "people" }' });
      s = new Service(dir, { config: { lang: 'en' }, env: {} });
      await s.start();
      await s.admin();
      await s.must('user', 'add', 'guest', '--person', 'guest');
      await s.must('user', 'add', 'second');
      await s.must('user', 'role', 'second', 'editor');
      if (!served) await s.stop();
    });
    after(() => s.stop());
    const content = (...words) => s.cli('content', ...words, '--lang', 'en', '--plugins', s.plugins);
    const good = async (...words) => {
      const r = await content(...words);
      assert.equal(r.code, 0, r.err);
      return r.json;
    };

    test('a text goes from draft to archive, each step as its user', async () => {
      const file = join(s.dir, 'tea.json');
      write(file, JSON.stringify({ title: 'Tea', body: 'At four', unit: 1 }));
      const made = await good('create', 'note', file, '--field', 'title=Tea time', '--as', 'boss');
      assert.deepEqual([made.title, made.body, made.state, made.revision], ['Tea time', 'At four', 'draft', 1]);
      const edited = await good('edit', 'note', made.id, '--field', 'body=At five', '--field', 'fee=3', '--revision', 1, '--as', 'boss');
      assert.deepEqual([edited.revision, edited.body, edited.fee], [2, 'At five', 3]);
      assert.equal((await good('submit', 'note', made.id, '--as', 'boss')).state, 'in_review');
      assert.equal((await good('send-back', 'note', 'tea-time', '--comment', 'When?', '--as', 'second')).state, 'draft');
      assert.equal((await good('submit', 'note', made.id, '--hash', edited.hash, '--as', 'boss')).state, 'in_review');
      assert.equal((await good('approve', 'note', made.id, '--hash', edited.hash, '--as', 'second')).state, 'approved');
      const scheduled = await good('schedule', 'note', made.id, '--at', '2035-01-01 08:00', '--until', '2035-02-01 08:00', '--revision', 2, '--as', 'second');
      assert.equal(scheduled.state, 'scheduled');
      assert.equal((await good('publish', 'note', 'tea-time', '--revision', 2, '--as', 'second')).state, 'published');
      assert.equal((await good('retract', 'note', made.id, '--reason', 'No milk', '--as', 'second')).state, 'retracted');
      assert.equal((await good('archive', 'note', made.id, '--as', 'second')).state, 'archived');
      assert.ok((await good('history', made.id)).length >= 8);
    });

    test('what is approved or published is what was seen', async () => {
      const one = await good('create', 'note', '--field', 'title=Cake', '--as', 'boss');
      await good('submit', 'note', one.id, '--as', 'boss');
      for (const verb of ['approve', 'publish', 'edit']) {
        const r = await content(verb, 'note', one.id, '--as', 'second', ...(verb === 'edit' ? ['--field', 'body=x'] : []));
        assert.equal(r.code, 1, verb);
        assert.match(r.err, /which text[^]*--revision N or --hash HASH[^]*khung content show note \d+/, verb);
        assert.equal((await content(verb, 'note', one.id, '--hash', '*', '--as', 'second', ...(verb === 'edit' ? ['--field', 'body=x'] : []))).code, 1);
      }
      const two = await good('edit', 'note', one.id, '--field', 'body=With poison', '--revision', 1, '--as', 'boss');
      await content('submit', 'note', one.id, '--as', 'boss');
      const late = await content('approve', 'note', one.id, '--hash', one.hash, '--as', 'second');
      assert.equal(late.code, 1);
      assert.match(late.err, /no longer the one that was read/);
      assert.match((await content('approve', 'note', one.id, '--revision', 1, '--as', 'second')).err, /you have revision 1, there is a revision 2/);
      assert.equal((await good('show', 'note', one.id)).state, 'in_review');
      assert.equal((await good('approve', 'note', one.id, '--hash', two.hash, '--as', 'second')).state, 'approved');
    });

    test('it is refused to whom REST refuses it, and what is missing is said', async () => {
      const one = await good('create', 'note', '--field', 'title=Mine', '--as', 'boss');
      for (const words of [['create', 'note', '--field', 'title=x'], ['edit', 'note', one.id, '--field', 'title=x', '--revision', 1], ['submit', 'note', one.id],
        ['publish', 'note', one.id, '--hash', one.hash], ['archive', 'note', one.id]]) {
        const r = await content(...words, '--as', 'guest');
        assert.equal(r.code, 1, words.join(' '));
        assert.match(r.err, words[0] === 'create' ? /content\.create/ : /There is no note \d+|content\./, words.join(' '));
      }
      assert.match((await content('submit', 'note', '17')).err, /There is no note 17/);
      assert.match((await content('submit', 'paper', one.id)).err, /paper/);
      for (const words of [['create', 'note'], ['create'], ['edit', 'note', one.id, '--revision', 1], ['send-back', 'note', one.id], ['retract', 'note', one.id], ['frobnicate', 'note', 1]])
        assert.equal((await content(...words)).code, 2, words.join(' '));
      assert.match((await content('create', 'note', '--field', 'title')).err, /name=value/);
      write(join(s.dir, 'list.json'), '[1]');
      assert.match((await content('create', 'note', join(s.dir, 'list.json'))).err, /no JSON object/);
    });

    test('an import tells its end: what it made, or why it was refused', async () => {
      const file = join(s.dir, 'in.json');
      write(file, '{"title": "From a file", "body": "b"}');
      const done = await s.both('content', 'import', 'note', file, '--with', 'desk.import', '--lang', 'en', '--plugins', s.plugins);
      assert.equal(done.code, 0, done.err);
      assert.match(done.out, /^about? +\d+|^item +\d+/);
      write(file, '{"title": "x", "none": true}');
      const refused = await content('import', 'note', file, '--with', 'desk.import');
      assert.equal(refused.code, 1);
      assert.match(refused.err, /Step one, body: has no tea\.[^]*desk\/init\.lua:\d+[^]*khung error show[^]*Run \d+ is failed: khung flow show/);
      assert.equal(refused.json.state, 'failed');
      write(file, '{"body": "no title"}');
      const incomplete = await content('import', 'note', file, '--with', 'desk.import');
      assert.equal(incomplete.code, 1);
      assert.match(incomplete.err, /title[^]*missing|title[^]*required|needs[^]*title/i);
      const again = await content('import', 'note', file, '--with', 'desk.again');
      assert.equal(again.code, 1);
      assert.match(again.err, /Not yet\.[^]*tried again by itself/);
      const left = await content('import', 'note', file, '--with', 'desk.again', '--no-wait');
      assert.equal(left.code, 0);
      assert.ok(left.json.id);
    });
  });
}
