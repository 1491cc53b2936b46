// An office in which one person has left traces everywhere, for the tests of erasure.
import assert from 'node:assert/strict';
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { folder, pause, plugin, Service, sqlite, write } from './khung.mjs';

export const NAME = 'Nguyễn Thị Hồng Vân', MAIL = 'hong.van@example.org';
export const REASON = 'Request no. 12 of 04/01/2021';

const SOURCE = `
local noms = storage.table("nomination", { fields = { nominee = "text!", year = "integer", what = "text" } })
flow.define("nominate", { title = "Nominate", input = { nominee = "text!" } }, function(run, input)
  local id = noms:insert { nominee = input.nominee, year = 2020, what = "model" }
  noms:update(id, { what = "for " .. input.nominee })
end)
`;

export const sql = (s, text) => sqlite(s.data, text);

// Is one of the texts in a file of the database, as bytes?
export function traces(s) {
  const found = [];
  for (const file of ['khung.db', 'khung.db-wal'])
    for (const text of [NAME, MAIL, 'hongvan'])
      if (existsSync(join(s.data, file)) && readFileSync(join(s.data, file)).includes(Buffer.from(text))) found.push(`${text} in ${file}`);
  return found;
}

export const org = {
  units: [{ code: 'office', name: 'Office', kind: 'office', from: '2020-01-01' }],
  positions: [{ code: 'head', title: 'Head', roles: ['all'] }],
  persons: [{ code: 'boss', name: 'Boss' }, { code: 'hongvan', name: NAME, email: MAIL }, { code: 'other', name: 'Trần Văn An', email: 'an@example.org' }],
  holders: [{ position: 'head', unit: 'office', person: 'boss', from: '2020-01-01' }],
  roles: [{ name: 'all', verbs: ['content.*', 'flow.*', 'task.*', 'people.*', 'report.*'] }],
  users: [{ name: 'hongvan', person: 'hongvan' }, { name: 'other', person: 'other' }, { name: 'boss', person: 'boss' }],
};

export const nominate = (s, token, nominee) =>
  s.request('POST', '/api/runs', { flow: 'awards.nominate', input: { nominee } }, { authorization: `Bearer ${token}` });

export async function office(n = 3) {
  const dir = folder();
  plugin(dir, 'awards', SOURCE, { needs: '{ "flow", "storage" }' });
  const s = new Service(dir, { config: { lang: 'en' } });
  await s.start();
  write(join(dir, 'org.json'), JSON.stringify(org));
  await s.must('org', 'import', join(dir, 'org.json'));
  for (const role of ['auditor', 'privacy', 'all']) await s.must('user', 'role', 'boss', role);
  await s.must('user', 'role', 'hongvan', 'all');
  s.boss = (await s.must('user', 'token', 'boss')).token;
  s.van = (await s.must('user', 'token', 'hongvan', '--label', 'phone of Vân')).token;
  s.other = (await s.must('user', 'token', 'other')).token;
  for (let i = 0; i < n; i++) {
    const r = await nominate(s, s.van, i % 2 ? `bà ${NAME.toUpperCase()}` : NAME);
    assert.equal(r.status, 201, r.text);
  }
  await nominate(s, s.boss, 'Trần Văn An');
  s.read = (...words) => s.must('audit', 'list', '--limit', 1000, ...words, '--as', 'boss').then((r) => r.items);
  return s;
}

export async function ended(s, token = s.boss) {
  for (let i = 0; i < 400; i++, await pause(25)) {
    const r = await s.request('GET', '/api/audit/erasures', undefined, { authorization: `Bearer ${token}` });
    assert.equal(r.status, 200, r.text);
    if (r.json.length && r.json.every((e) => e.done_at)) return r.json;
  }
  throw new Error('the erasure does not end');
}
