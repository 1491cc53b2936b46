// An office of three levels in which chains are set up over REST: the shipped plugins, and no Lua beside them.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, day, folder, pause, serve, write } from './khung.mjs';

const from = '2020-01-01', thisYear = Number(day().slice(0, 4));
const holder = (position, unit, person) => ({ position, unit, person, from });
const ORG = {
  units: [{ code: 'province', name: 'Tỉnh Thanh Hóa', kind: 'province', from },
    { code: 'district', name: 'Huyện Hoằng Hóa', kind: 'district', parent: 'province', from },
    { code: 'commune', name: 'Xã Hoằng Đồng', kind: 'commune', parent: 'district', from }],
  positions: [{ code: 'writer', title: 'Cán bộ', roles: ['author'] }, { code: 'head', title: 'Trưởng ban', roles: ['clerk'] },
    { code: 'reader', title: 'Người đọc', roles: ['clerk'] }, { code: 'chair', title: 'Chủ tịch', roles: ['editor'] },
    { code: 'vacant', title: 'Phó Chủ tịch', roles: [] }],
  persons: ['lan', 'mai', 'hoa', 'cuc', 'dao', 'tam'].map((code) => ({ code, name: code[0].toUpperCase() + code.slice(1) })),
  holders: [holder('writer', 'commune', 'lan'), holder('head', 'commune', 'mai'), holder('reader', 'district', 'hoa'),
    holder('reader', 'district', 'cuc'), holder('reader', 'district', 'dao'), holder('chair', 'province', 'tam')],
  calendar: [...new Set([2026, 2027, thisYear, thisYear + 1])].map((year) => ({ year, holidays: [`${year}-01-01`] })),
};

export const STEPS = [
  { name: 'xa', title: 'Đọc: {title}', to: { position: 'head', unit: 'item' }, within: '2 working days' },
  { name: 'song_song', parallel: [
    { name: 'huyen', to: { position: 'reader', level: 'district' }, quorum: '2/3', within: '3 working days' },
    { name: 'truong', to: { position: 'head', unit: 'commune' } },
  ] },
  { name: 'tinh', to: { position: 'chair', level: 'province' }, may_return_to: 'any', when: { field: 'lead', op: 'filled' } },
];

// lan writes in the commune, mai is its head; hoa, cuc and dao read in the district; tam is chair, and sets chains up.
export async function chainOffice({ plugins = ['approvals', 'publication'], settings = { approvals: { on_submit: true } } } = {}) {
  const dir = folder();
  for (const p of plugins) cpSync(join(TOP, 'plugins', p), join(dir, 'plugins', p), { recursive: true });
  write(join(dir, 'settings.json'), JSON.stringify(settings));
  write(join(dir, 'org.json'), JSON.stringify(ORG));
  const s = await serve({ dir, config: { lang: 'en', settings: join(dir, 'settings.json') } });
  await s.must('org', 'import', join(dir, 'org.json'));
  const tokens = {};
  for (const { code } of ORG.persons) {
    await s.must('user', 'add', code, '--person', code);
    tokens[code] = (await s.must('user', 'token', code)).token;
  }

  s.file = (name, tree) => {
    write(join(dir, name), JSON.stringify(tree));
    return join(dir, name);
  };
  s.ask = (who, method, path, body, headers = {}) => s.request(method, path, body, { authorization: `Bearer ${tokens[who]}`, ...headers });
  s.mustBe = async (status, who, method, path, body, headers) => {
    const r = await s.ask(who, method, path, body, headers);
    assert.equal(r.status, status, `${method} ${path}: ${r.text}`);
    return r;
  };
  s.unit = async (code) => (await s.mustBe(200, 'tam', 'GET', `/api/units/${code}`)).json.unit.id;
  s.match = async (who, type, id) => ({ 'if-match': (await s.mustBe(200, who, 'GET', `/api/content/${type}/${id}/draft`)).headers.etag });
  s.chain = async (fields) => {
    const whole = { title: 'Tin bài', about: 'article', unit: await s.unit('province'), steps: STEPS, ...fields };
    const made = (await s.mustBe(201, 'tam', 'POST', '/api/content/approvals_chain', whole)).json;
    const done = await s.ask('tam', 'POST', `/api/content/approvals_chain/${made.id}/publish`, {}, await s.match('tam', 'approvals_chain', made.id));
    return { ...made, status: done.status, problem: done.json };
  };
  s.article = async (fields) => {
    const whole = { title: 'Mười hộ', body: 'Thoát nghèo.', lead: 'Tin', unit: await s.unit('commune'), ...fields };
    return (await s.mustBe(201, 'lan', 'POST', '/api/content/article', whole)).json;
  };
  s.startCase = async (item, chain, id) => (await s.mustBe(201, 'lan', 'POST', '/api/runs', { flow: 'approvals.case', input: { type: 'article', item: item.id, chain }, id })).json.id;
  s.inbox = async (who, run) => (await s.mustBe(200, who, 'GET', '/api/inbox')).json.tasks.filter((t) => t.run === run);
  s.come = async (what, look) => {
    for (let i = 0; i < 400; i++) {
      const v = await look();
      if (v) return v;
      await pause(20);
    }
    throw new Error(`${what}: it did not come to it\n${s.log.slice(-2000)}`);
  };
  s.decide = async (who, run, answer = { decision: 'approve' }, title = '') => {
    const task = await s.come(`${who} is asked`, async () => (await s.inbox(who, run)).find((t) => t.title.startsWith(title)));
    await s.mustBe(200, who, 'POST', `/api/tasks/${task.id}/decide`, answer);
  };
  s.endedCase = (run) => s.until(run, ['completed', 'failed', 'blocked', 'cancelled']);
  return s;
}
