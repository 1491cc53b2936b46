// khung x: commands of plugins, with a service and without one.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Service, folder, plugin } from '../lib/khung.mjs';

const SOURCE = `
local rounds = storage.table("round", { fields = { name = "text!", n = "integer" } })
command.define("round-add", { writes = true, doc = { vi = "Thêm một đợt", en = "Adds a round" }, args = { name = "text!", n = "integer" } }, function(args)
  local id = rounds:insert(args)
  if args.name == "raise" then error("no such thing") end
  return { name = args.name, n = args.n }
end)
command.define("rounds", { args = { least = { "integer", default = 0 }, on = "date", full = "boolean" }, columns = { "n", "name" } }, function(args)
  local list = {}
  for _, row in ipairs(rounds:find({ n = { ">=", args.least } }, { order = "n" })) do
    list[#list + 1] = { name = row.name, n = row.n, full = args.full, on = args.on }
  end
  return list
end)
command.define("say", function() return "Một\\nHai\\27[31m" end)
command.define("sneaks", function() rounds:insert { name = "x" } end)
command.define("waits", { writes = true }, function() loop.sleep("1s") end)
command.define("draft", { writes = true }, function() return content.create("note", { title = "x" }).state end)
command.define("unit", { args = { unit = "unit!" } }, function(args) return { unit = args.unit, code = args.unit.code } end)
command.define("endless", function() while true do end end)
content.type("note", { fields = { title = "text!" } })
`;
const NEEDS = { needs: '{ "command", "storage", "content", "people" }' };

for (const served of [true, false]) {
  describe(served ? 'with a service' : 'without one', () => {
    let s;
    before(async () => {
      const dir = folder();
      plugin(dir, 'awards', SOURCE, NEEDS);
      s = new Service(dir, { config: { lang: 'en' }, env: {} });
      await s.start();
      await s.admin();
      if (!served) await s.stop();
    });
    after(() => s.stop());
    const at = () => (served ? [] : ['--plugins', s.plugins]);
    const x = (...words) => s.cli('x', ...words, '--lang', 'en', ...at());

    test('what is written is kept, what is raised leaves nothing', async () => {
      for (const [words, n] of [[['name=One', 'n=3'], 3], [['--name', 'Hai', '--n', '5'], 5]]) {
        const r = await x('round-add', ...words);
        assert.equal(r.code, 0, r.err);
        assert.equal(r.json.n, n);
      }
      const raised = await x('round-add', 'name=raise');
      assert.equal(raised.code, 1);
      assert.match(raised.err, /no such thing[^]*khung error show \w+/);
      assert.deepEqual((await x('rounds')).json.map((r) => r.name), ['One', 'Hai']);
    });

    test('arguments are read as their types, and refused by name', async () => {
      const r = await x('rounds', 'least=4', 'on=2021-01-04', 'full=yes');
      assert.deepEqual(r.json, [{ name: 'Hai', n: 5, full: true, on: '2021-01-04' }]);
      assert.equal((await x('rounds', '--full', 'true')).json[0].full, true);
      const wrong = await x('rounds', 'least=four');
      assert.equal(wrong.code, 1);
      assert.match(wrong.err, /least/);
      assert.match((await x('rounds', 'lest=4')).err, /lest[^]*least/);
      assert.match((await x('round-add', 'n=4')).err, /name/);
      assert.equal((await x('rounds', 'four')).code, 2);
      assert.match((await x('nothing')).err, /There is no command nothing[^]*khung x/);
      assert.deepEqual((await x('unit', 'unit=office')).json.code, 'office');
      assert.equal((await x('unit', 'unit=office')).json.unit.name, 'Office');
    });

    test('results are a table for people, text as it is, and harmless to a terminal', async () => {
      const table = await s.text('x', 'rounds', 'least=4', '--lang', 'en', ...at());
      assert.match(table, /^n +name\n5 +Hai\n$/);
      assert.equal(await s.text('x', 'say', ...at()), 'Một\nHai\\x1B[31m\n');
      assert.equal((await x('say')).json, 'Một\nHai\u001b[31m');
    });

    test('one that does not say so cannot write, none can wait, and one that does not end is stopped', async () => {
      assert.match((await x('sneaks')).err, /writ|read/i);
      assert.equal((await x('sneaks')).code, 1);
      assert.equal((await x('waits')).code, 1);
      assert.equal((await x('endless')).code, 1);
      assert.equal((await x('rounds')).json.length, 2);
    });

    test("it acts by its plugin's capabilities, or as a user with theirs", async () => {
      assert.equal((await x('draft')).json, 'draft');
      assert.equal((await x('draft', '--as', 'boss')).json, 'draft');
      await s.cli('user', 'add', 'guest', '--person', 'guest', ...at());
      const r = await x('draft', '--as', 'guest');
      assert.equal(r.code, 1, r.out);
      assert.match(r.err, /content\.create/);
    });

    test('all are listed with their arguments and what they do', async () => {
      const list = (await x()).json;
      const add = list.find((c) => c.name === 'round-add');
      assert.deepEqual([add.usage, add.doc, add.plugin, add.writes], ['khung x round-add [n=integer] name=text', 'Adds a round', 'awards', true]);
      assert.match(await s.text('x', '--lang', 'vi', ...at()), /round-add .*Thêm một đợt/);
    });
  });
}

test('a name or an option that cannot be is refused when the plugin is loaded', async () => {
  const dir = folder();
  for (const bad of ['command.define("A b", function() end)', 'command.define("a", { args = { data = "text" } }, function() end)',
    'command.define("a", { args = { x = "txt" } }, function() end)', 'command.define("a", { columns = { "a b" } }, function() end)',
    'command.define("a", function() end) command.define("a", function() end)']) {
    plugin(dir, 'awards', bad, NEEDS);
    const s = new Service(dir, { config: { lang: 'en' } });
    await s.start();
    assert.equal((await s.must('plugin', 'list'))[0].state, 'failed', bad);
    await s.stop();
  }
});
