// An office for tests of tasks: a province over two communes, people with positions and accounts, and a plugin "t" whose
// flows the test writes. `s.as(name)` speaks REST as that person.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { folder, pause, plugin, serve, write } from './khung.mjs';

export const ORG = {
  units: [
    { code: 'province', name: 'Tỉnh', kind: 'province', from: '2020-01-01' },
    { code: 'north', name: 'Xã Bắc', kind: 'commune', parent: 'province', from: '2020-01-01' },
    { code: 'south', name: 'Xã Nam', kind: 'commune', parent: 'province', from: '2020-01-01' },
  ],
  positions: [{ code: 'head', title: 'Head', roles: ['boss'] }, { code: 'clerk', title: 'Clerk', roles: [] }],
  persons: ['lan', 'mai', 'hoa', 'cuc', 'dao', 'tam', 'an', 'binh', 'chi'].map((code) => ({ code, name: code[0].toUpperCase() + code.slice(1), email: `${code}@example.org` })),
  holders: [
    { position: 'head', unit: 'province', person: 'lan', from: '2020-01-01' },
    { position: 'head', unit: 'north', person: 'mai', from: '2020-01-01' },
    { position: 'clerk', unit: 'north', person: 'hoa', from: '2020-01-01' },
    { position: 'clerk', unit: 'south', person: 'cuc', from: '2020-01-01' },
  ],
  roles: [
    { name: 'boss', verbs: ['content.*', 'flow.*', 'task.*', 'people.*', 'report.*'] },
    { name: 'reviewer', verbs: ['task.decide'] },
  ],
};

export const flow = (name, body) => `flow.define("${name}", { title = "${name}" }, function(run, input)\n${body}\nend)\n`;

export async function office(source, { config = {}, org = {}, needs = '{ "flow", "storage", "content", "content:publish", "people" }' } = {}) {
  const dir = folder();
  plugin(dir, 't', `local rows = storage.table("row", { fields = { what = "text!" } })
content.type("note", { fields = { title = "text!", body = "text", fee = "integer" }, title = "title", unit = true })
local function person(code) return people.person(code) end
local function unit(code) return people.unit(code) end
${flow('write_note', 'return content.create("note", { title = "One", body = "b", fee = 1 }).id')}
flow.define("edit_note", { title = "edit", input = { id = "integer!", fields = "json!" } }, function(run, input)
  content.edit(content.get("note", input.id), input.fields)
end)
${source}`, { needs });
  const s = await serve({ dir, config });
  const state = (await s.must('plugin', 'list'))[0];
  assert.equal(state.state, 'active', JSON.stringify(state));
  s.org = async (tree) => {
    const file = join(dir, 'more.json');
    write(file, JSON.stringify(tree));
    return s.must('org', 'import', file);
  };
  await s.org({ ...ORG, ...org });
  s.tokens = {};
  s.as = (name) => async (method, path, body, headers = {}) => {
    if (!s.tokens[name]) {
      await s.must('user', 'add', name, '--person', name);
      s.tokens[name] = (await s.must('user', 'token', name)).token;
    }
    return s.request(method, path, body, { authorization: `Bearer ${s.tokens[name]}`, ...headers });
  };
  s.done = (id) => s.until(id, ['completed', 'failed', 'blocked', 'cancelled']);
  s.open = async (run, n = 1) => {
    for (const end = Date.now() + 20000; Date.now() < end;) {
      const all = (await s.must('task', 'list')).filter((t) => t.run === run).sort((a, b) => a.id - b.id);
      if (all.length === n) return all;
      await pause(20);
    }
    throw new Error(`run ${run} has not ${n} open tasks: ${JSON.stringify(await s.flow(run))} ${s.log.slice(-2000)}`);
  };
  return s;
}
