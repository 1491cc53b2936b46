// A plugin with personal data in all places, and one person who stands in each of them, for the tests of erasure.
import assert from 'node:assert/strict';
import { flow, office } from './office.mjs';
import { upload } from './file.mjs';

export const NAME = 'Nguyễn Thị Hồng Vân', MAIL = 'hong.van@example.org', PHONE = '0912 345 678';
export const REASON = 'Request no. 12 of 04/01/2021';

const SOURCE = [
  `content.type("story", { title = "title", fields = { title = { "text!", personal = true }, nominee = "person", body = { "markdown", personal = true },
    phone = { "text", personal = "nominee" }, witness = { "text", personal = true }, scan = { "file", personal = true }, place = "text" } })
  local members = storage.table("member", { fields = { name = { "text!", personal = true }, phone = { "text", personal = "name" }, born = { "date", personal = true }, town = "text" },
    unique = { { "name" } } })
  local seen = storage.table("seen", { fields = { by = "person!", remark = { "text", personal = "by" }, town = "text" } })`,
  `flow.define("enter", { input = { name = "text!", phone = { "text", personal = "name" } }, search = { "name", "phone" } }, function(run, input)
    local id = members:insert { name = input.name, phone = input.phone, born = "1970-01-04", town = "Sầm Sơn" }
    seen:insert { by = person("hoa"), remark = "Met " .. input.name, town = "Sầm Sơn" }
    return { entered = input.name, id = id }
  end)`,
  `flow.define("write", { input = { title = "text!", phone = { "text", personal = "title" }, publish = "boolean" } }, function(run, input)
    local id = content.create("story", { title = input.title, nominee = person("hoa"), body = "About " .. input.title .. ".", phone = input.phone, witness = "An", place = "Sầm Sơn" })
    if input.publish then content.publish(content.get("story", id)) end
    content.edit(content.get("story", id), { body = "More about " .. input.title .. "." })
    return id
  end)`,
  // Whom it is about it finds out on its way.
  `flow.define("find", { input = { member = "integer!", who = { "text", personal = true }, phone = { "text", personal = "who" }, town = "text" }, search = { "who", "phone", "town" } }, function(run, input)
    local m = members:get(input.member)
    if not run.state then run:checkpoint { who = m.name, phone = m.phone, town = m.town } end
  end)`,
  flow('about', `local a = run:ask { to = person("hoa"), title = "About " .. input.who, form = { decision = "choice:approve,return!", comment = "text", paper = "file" } }
    storage.kv.set("k" .. run.id, a.decision)
    return a`),
  flow('open', `local a = run:ask { to = { position = "clerk", unit = unit("south") }, title = "Wait for " .. input.who } return a`),
].join('\n').replace(/title = "(about|open)" }/g, 'title = "$1", input = { who = "text!" }, search = { "who" }, limit = { key = "who", running = 1 } }');

// `s.ask(words…)` erases as boss, who has the right; `s.van`: the id of the person (code hoa) who stands everywhere.
export async function archive({ config = {}, source = '', persons = [], needs } = {}) {
  const s = await office(SOURCE + '\n' + source, { config, needs, org: {
    persons: ['lan', 'mai', 'cuc', 'an', 'boss'].map((code) => ({ code, name: code, email: `${code}@example.org` })).concat({ code: 'hoa', name: NAME, email: MAIL }, ...persons),
    holders: [{ position: 'head', unit: 'province', person: 'lan', from: '2020-01-01' }, { position: 'clerk', unit: 'south', person: 'cuc', from: '2020-01-01' }],
  } });
  await s.must('user', 'add', 'boss', '--person', 'boss');
  for (const role of ['auditor', 'privacy', 'boss']) await s.must('user', 'role', 'boss', role);
  s.tokens.boss = (await s.must('user', 'token', 'boss')).token;
  s.van = (await s.must('org', 'persons')).find((p) => p.code === 'hoa').id;
  s.erasure = async () => (await s.must('audit', 'erasures', '--as', 'boss'))[0];
  s.reaches = (state) => s.until1(`it is ${state}`, async () => { const e = await s.erasure(); return e?.state === state && e; });
  return s;
}

// Something of her in every place; ids of what was made.
export async function fill(s) {
  const start = (name, input) => s.must('flow', 'start', `t.${name}`, ...(input ? ['--input', JSON.stringify(input)] : [])).then((r) => r.id ?? r);
  const made = { enter: await start('enter', { name: NAME, phone: PHONE }), other: await start('enter', { name: 'Trần Văn An', phone: '0900' }) };
  made.second = await start('enter', { name: `bà ${NAME}`, phone: PHONE });
  made.draft = (await s.done(await start('write', { title: NAME, phone: PHONE }))).result;
  made.published = (await s.done(await start('write', { title: `Tặng ${NAME}`, phone: PHONE, publish: true }))).result;
  made.find = await start('find', { member: (await s.done(made.enter)).result.id });
  await s.done(made.find);
  made.about = await start('about', { who: NAME });
  const [task] = await s.open(made.about);
  made.task = task.id;
  assert.equal((await s.as('hoa')('POST', `/api/tasks/${task.id}/comments`, { text: 'I was ill then.' })).status, 200);
  const paper = (await upload(s, s.tokens.hoa, 'a scan of her', 'Nguyen-Thi-Hong-Van.txt')).json;
  made.paper = paper.id;
  assert.equal((await s.as('hoa')('POST', `/api/tasks/${task.id}/decide`, { decision: 'approve', comment: 'My knee hurts.', paper: paper.id })).status, 200);
  await s.done(made.about);
  made.open = await start('open', { who: NAME });
  await s.open(made.open);
  made.loose = (await upload(s, s.tokens.hoa, 'her own', 'own.txt')).json.id;
  return made;
}
