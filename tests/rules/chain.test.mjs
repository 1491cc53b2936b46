// Chains as data, set up over REST alone: checked, published, pinned, planned, drawn, and gone by to the end.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { STEPS, chainOffice } from '../lib/chain.mjs';
import { PASSWORD, browser, setPassword } from '../lib/browser.mjs';
import { TOP, day, pause, serve, sqlite } from '../lib/khung.mjs';

let s;
before(async () => { s = await chainOffice(); });
after(() => s?.stop());

describe('a chain set up over REST', () => {
  let press;

  it('is refused with step and field while it cannot work, and says what is only doubtful', async () => {
    const bad = structuredClone(STEPS);
    bad[0].within = 'soon';
    bad[1].parallel[0].quorum = 9;
    bad[2].to = { position: 'chiar' };
    const made = await s.chain({ title: 'Sai', steps: bad });
    assert.equal(made.status, 409, JSON.stringify(made.problem));
    for (const part of ['Step xa, within: soon', 'Step huyen, quorum: 9 must approve', 'Step tinh, to: there is no position chiar'])
      assert.ok(made.problem.detail.includes(part), made.problem.detail);
    const told = (await s.mustBe(200, 'tam', 'GET', `/x/approvals/chain/${made.id}/check`)).json;
    assert.equal(told.faults.length, 3);
  });

  it('is published when it can', async () => {
    press = await s.chain({});
    assert.equal(press.status, 200, JSON.stringify(press.problem));
    assert.equal(press.slug, 'tin-bai');
    const told = (await s.mustBe(200, 'tam', 'GET', `/x/approvals/chain/${press.id}/check`)).json;
    assert.deepEqual(told, { revision: 1, faults: [], warnings: [] });
  });

  it('is nothing for those who have not logged in', async () => {
    const nobody = { authorization: undefined };
    for (const key of ['tin-bai', press.id])
      assert.equal((await s.request('GET', `/api/content/approvals_chain/${key}`, undefined, nobody)).status, 404);
    assert.equal((await s.request('GET', `/api/content/approvals_chain/${press.id}/draft`, undefined, nobody)).status, 401);
    assert.equal((await s.mustBe(200, 'mai', 'GET', `/api/content/approvals_chain/${press.id}/draft`)).json.state, 'published');
    assert.deepEqual((await s.request('GET', '/api/content/approvals_chain', undefined, nobody)).json.items ?? [], []);
    const list = await s.mustBe(200, 'mai', 'GET', '/api/content/approvals_chain');
    assert.match(list.text, /tin-bai/);
  });

  it('may not be written by who may not write content there', async () => {
    const r = await s.ask('mai', 'POST', '/api/content/approvals_chain', { title: 'x', about: 'article', unit: await s.unit('province'), steps: STEPS });
    assert.equal(r.status, 403, r.text);
  });

  it('tells in a dry run who would be asked, on which dates, and what is left out', async () => {
    const item = await s.article({ title: 'Thử', lead: undefined });
    const plan = (await s.mustBe(200, 'lan', 'GET', `/x/approvals/chain/tin-bai/plan?item=${item.id}&from=2026-12-30T09:00`)).json;
    assert.deepEqual(plan.steps.map((p) => [p.step, p.asked, p.due, (p.persons ?? []).map((w) => w.name)]), [
      ['xa', '2026-12-30 09:00', '2027-01-04 09:00', ['Mai']], // 1 January and the weekend do not count
      ['huyen', '2027-01-04 09:00', '2027-01-07 09:00', ['Hoa', 'Cuc', 'Dao']],
      ['truong', '2027-01-04 09:00', undefined, ['Mai']],
      ['tinh', undefined, undefined, []],
    ]);
    assert.match(plan.steps[0].persons[0].why, /Trưởng ban/);
    assert.deepEqual([plan.steps[1].need, plan.steps[1].of], [2, 3]);
    assert.match(plan.steps[3].skipped, /Lead is filled in/);
    assert.equal(plan.ends, '2027-01-07 09:00');
    assert.equal(plan.unsettled, 1); // `truong` has no term
    await s.mustBe(404, 'mai', 'GET', '/x/approvals/chain/nothing/plan');
    assert.equal((await s.must('task', 'list')).length, 0);
  });

  it('tells what is unsettled: nobody holds a position, only the author does; and takes the chain all the same', async () => {
    await s.must('org', 'import', s.file('empty.json', { positions: [{ code: 'later', title: 'Trưởng phòng', roles: [] }] }));
    const steps = [{ name: 'trong', to: { position: 'later' }, within: '1 working day' },
      { name: 'minh', to: { position: 'head', unit: 'item' }, quorum: 'all', within: '1 working day' }];
    const made = await s.chain({ title: 'Chưa rõ', steps });
    assert.equal(made.status, 200, JSON.stringify(made.problem));
    const told = (await s.mustBe(200, 'tam', 'GET', `/x/approvals/chain/${made.id}/check`)).json;
    assert.deepEqual(told.warnings, ['Step trong, to: nobody can be asked now: Trưởng phòng.']);
    const plan = async (query) => (await s.mustBe(200, 'tam', 'GET', `/x/approvals/chain/chua-ro/plan?${query}`)).json;
    const now = await plan(`unit=${await s.unit('commune')}&from=${day()}T09:00`);
    assert.deepEqual(now.steps.map((p) => [p.step, p.persons?.length, p.warnings?.length]), [['trong', undefined, 1], ['minh', 1, undefined]]);
    assert.equal(now.unsettled, 1);
    // Who holds it on the day on which it will be asked, not who holds it today.
    await s.must('org', 'import', s.file('later.json', { holders: [{ position: 'later', unit: 'province', person: 'dao', from: day(30) }] }));
    const later = await plan(`unit=${await s.unit('commune')}&from=${day(31)}T09:00`);
    assert.deepEqual(later.steps[0].persons.map((w) => w.name), ['Dao']);
  });

  it('goes from the first step to the approved text, asking back, side by side and by quorum', async () => {
    const item = await s.article();
    const run = await s.startCase(item, 'tin-bai');
    await s.decide('mai', run, { decision: 'approve' }, 'Đọc');
    await s.decide('hoa', run);
    await s.decide('dao', run);
    await s.decide('mai', run, { decision: 'approve' }, 'truong');
    await s.decide('tam', run, { decision: 'return', return_to: 'huyen', comment: 'Đọc lại' });
    const again = await s.come('two are asked again', async () => {
      const all = await s.inbox('cuc', run);
      return all.length && all;
    });
    assert.match((await s.mustBe(200, 'cuc', 'GET', `/api/tasks/${again[0].id}`)).json.help, /Đọc lại/);
    assert.deepEqual(await s.inbox('mai', run), []);
    await s.decide('cuc', run);
    await s.decide('hoa', run);
    await s.decide('tam', run);
    const end = await s.endedCase(run);
    assert.equal(end.state, 'completed', JSON.stringify(end));
    assert.deepEqual(end.result.approvals.map((a) => a.step), ['xa', 'huyen', 'huyen', 'truong', 'tinh']);
    const now = (await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json;
    assert.equal(now.state, 'approved');
    assert.deepEqual(await s.must('verify'), []);
  });

  it('keeps its revision in a case that is open, also over a restart and an upgrade; the next case has the new one', async () => {
    const item = await s.article();
    const run = await s.startCase(item, String(press.id));
    await s.come('mai is asked', async () => (await s.inbox('mai', run)).length);
    const short = [STEPS[0], STEPS[2]];
    await s.mustBe(200, 'tam', 'PATCH', `/api/content/approvals_chain/${press.id}`, { steps: short }, await s.match('tam', 'approvals_chain', press.id));
    await s.mustBe(200, 'tam', 'POST', `/api/content/approvals_chain/${press.id}/publish`, {}, await s.match('tam', 'approvals_chain', press.id));
    await s.restart();
    appendFileSync(join(s.plugins, 'approvals', 'words.lua'), '\n-- Another version of the plugin.\n');
    await s.must('plugin', 'reload', 'approvals');
    const up = await s.must('flow', 'upgrade', 'approvals');
    assert.deepEqual(up.map((u) => [u.run, u.outcome]), [[run, 'moves']], JSON.stringify(up));
    await s.decide('mai', run);
    await s.decide('cuc', run);
    await s.decide('hoa', run);
    await s.decide('mai', run);
    await s.decide('tam', run);
    assert.deepEqual((await s.endedCase(run)).result.approvals.length, 5);

    const next = await s.startCase(await s.article(), 'tin-bai');
    await s.decide('mai', next);
    await s.decide('tam', next);
    assert.deepEqual((await s.endedCase(next)).result.approvals.map((a) => a.step), ['xa', 'tinh']);
    assert.match((await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${next}.svg`)).text, /revision 2/);
    assert.match((await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`)).text, /revision 1/);
  });

  it('is drawn, with the place to which a case has come, only for those who may see the text', async () => {
    const item = await s.article({ title: 'Hình <vẽ> & "chữ"' });
    const run = await s.startCase(item, 'tin-bai');
    await s.decide('mai', run);
    await s.come('tam is asked', async () => (await s.inbox('tam', run)).length);
    const r = await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`);
    assert.match(r.headers['content-type'], /^image\/svg\+xml/);
    execFileSync('xmllint', ['--noout', '-'], { input: r.text });
    assert.match(r.text, /Hình &lt;vẽ&gt; &amp; &quot;chữ&quot;/);
    assert.match(r.text, /<title>xa: Approved: Mai, /);
    assert.match(r.text, /<title>tinh: Being asked now</);
    await s.mustBe(404, 'mai', 'GET', `/x/approvals/case/${run}.svg`);
    assert.equal((await s.request('GET', `/x/approvals/case/${run}.svg`, undefined, { authorization: undefined })).status, 401);
    const whole = await s.mustBe(200, 'mai', 'GET', '/x/approvals/chain/tin-bai.svg');
    execFileSync('xmllint', ['--noout', '-'], { input: whole.text });
    await s.mustBe(200, 'tam', 'POST', `/api/tasks/decide`, { tasks: (await s.inbox('tam', run)).map((t) => t.id), answer: { decision: 'approve' } });
    assert.equal((await s.endedCase(run)).state, 'completed');
  });

  it('begins by itself when an item is handed in, once, also when it is handed in again', async () => {
    const auto = await s.chain({ title: 'Tự động', starts: 'on_submit', unit: await s.unit('commune'), steps: [{ name: 'xa', to: { position: 'head', unit: 'item' } }] })
      .catch((e) => e);
    // Who sets it up must have the right in the unit; the chair of the province has it below, too.
    assert.equal(auto.status, 200, JSON.stringify(auto.problem ?? auto));
    const item = await s.article({ title: 'Nộp' });
    await s.mustBe(200, 'lan', 'POST', `/api/content/article/${item.id}/submit`, {}, await s.match('lan', 'article', item.id));
    const [task] = await s.come('mai is asked', async () => {
      const all = (await s.mustBe(200, 'mai', 'GET', '/api/inbox')).json.tasks.filter((t) => t.about === item.id);
      return all.length && all;
    });
    await s.mustBe(200, 'mai', 'POST', `/api/tasks/${task.id}/decide`, { decision: 'return', comment: 'Sửa' });
    await s.come('it is a draft again', async () => (await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json.state === 'draft');
    await s.mustBe(200, 'lan', 'POST', `/api/content/article/${item.id}/submit`, {}, await s.match('lan', 'article', item.id));
    const again = await s.come('mai is asked again', async () => {
      const all = (await s.mustBe(200, 'mai', 'GET', '/api/inbox')).json.tasks.filter((t) => t.about === item.id);
      return all.length && all;
    });
    assert.deepEqual([again.length, again[0].run], [1, task.run]);
    await s.mustBe(200, 'mai', 'POST', `/api/tasks/${again[0].id}/decide`, { decision: 'approve' });
    await s.come('it is approved', async () => (await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json.state === 'approved');
    const about = (await s.must('flow', 'list')).filter((r) => JSON.stringify(r).includes(`item-${item.id}-`));
    assert.equal(about.length, 1, JSON.stringify(about));
  });

  it('tells the author who returned it, as what and why', async () => {
    const item = await s.article({ title: 'Báo lại' }), run = await s.startCase(item, 'tin-bai');
    await s.decide('mai', run, { decision: 'return', comment: 'Thiếu nguồn' });
    const told = await s.come('lan is told', async () => (await s.mustBe(200, 'lan', 'GET', '/api/notices')).json.find((n) => n.ref === item.id));
    assert.deepEqual([told.kind, told.title], ['content.sent_back', 'Báo lại']);
    assert.match(told.text, /^Mai \(.*Trưởng ban.*\) has sent “Báo lại” back to you\.\s+Thiếu nguồn\s+What to do now/);
    await s.must('flow', 'cancel', run);
  });

  it('shows its readers the fields by their titles, units by their names, and the way to the picture', async () => {
    const item = await s.article({ title: 'Tên trường', byline: 'Lan', source: await s.unit('commune'), dated: '2021-01-04' }), run = await s.startCase(item, 'tin-bai');
    const task = await s.come('mai is asked', async () => (await s.inbox('mai', run))[0]);
    const see = (await s.mustBe(200, 'mai', 'GET', `/api/tasks/${task.id}`)).json.see;
    assert.equal(see, `/x/approvals/case/${run}.svg`);
    assert.match((await s.mustBe(200, 'mai', 'GET', see)).text, /^<svg/, 'whoever is asked may see it');
    await setPassword(s, 'mai', PASSWORD);
    const mai = browser(s);
    await mai.loginPage('mai', PASSWORD);
    const page = async (lang) => (await mai.request('GET', `/tasks/${task.id}`, undefined, { 'accept-language': lang })).text;
    const html = await page('en'), vi = await page('vi');
    assert.ok(html.includes(`<a href="${see}">See where it stands</a>`), html);
    for (const [title, value] of [['Title', 'Tên trường'], ['Byline', 'Lan'], ['Source', 'Xã Hoằng Đồng'], ['Date of the text', '<time datetime="2021-01-04">04/01/2021</time>']])
      assert.ok(html.includes(`<dt>${title}</dt><dd>${value}</dd>`), `${title}: ${html}`);
    for (const title of ['Tiêu đề', 'Bút danh', 'Đơn vị cung cấp']) assert.ok(vi.includes(`<dt>${title}</dt>`), vi);
    await s.must('flow', 'cancel', run);
  });

  it('a draft that the office refuses goes back to its author with the reason, and on when it is handed in', async () => {
    const bare = await chainOffice({ settings: { approvals: { on_submit: true }, publication: { required: ['byline', 'source'] } } });
    try {
      const press = await bare.chain({ starts: 'on_submit', steps: STEPS.slice(0, 1) });
      const item = await bare.article({ title: 'Chưa xong' }), run = await bare.startCase(item, press.slug);
      const told = await bare.come('lan is told', async () => (await bare.mustBe(200, 'lan', 'GET', '/api/notices')).json.find((n) => n.ref === item.id));
      assert.equal(told.kind, 'content.sent_back');
      assert.match(told.text, /^“Chưa xong” was sent back to you\.\s+“Chưa xong” cannot be handed in yet.*missing: Byline, Source/);
      const now = (await bare.must('flow', 'show', run));
      assert.equal(now.error, undefined, JSON.stringify(now));
      assert.match(now.status, /Sent back to the author: .*Byline, Source/);
      const draft = () => bare.match('lan', 'article', item.id);
      const refused = await bare.ask('lan', 'POST', `/api/content/article/${item.id}/submit`, {}, await draft());
      assert.deepEqual([refused.status, refused.json.code], [409, 'publication.incomplete'], 'by hand it is refused with the same reason');
      await bare.mustBe(200, 'lan', 'PATCH', `/api/content/article/${item.id}`, { byline: 'Lan', source: await bare.unit('commune') }, await draft());
      await bare.mustBe(200, 'lan', 'POST', `/api/content/article/${item.id}/submit`, {}, await draft());
      await bare.decide('mai', run);
      const end = await bare.endedCase(run);
      assert.deepEqual([end.state, end.result.decision], ['completed', 'approve'], JSON.stringify(end));
      const about = (await bare.mustBe(200, 'mai', 'GET', '/api/inbox')).json.tasks.filter((t) => t.about === item.id);
      assert.deepEqual(about, [], 'no second case has begun');
      assert.deepEqual(await bare.must('verify'), []);
    } finally {
      await bare.stop();
    }
  });

  it('begins anew when the case before was cancelled', async () => {
    const item = await s.article({ title: 'Hủy' });
    const act = async (who, verb, body) => s.mustBe(200, who, 'POST', `/api/content/article/${item.id}/${verb}`, body, await s.match(who, 'article', item.id));
    const asked = () => s.come('mai is asked', async () => (await s.mustBe(200, 'mai', 'GET', '/api/inbox')).json.tasks.find((t) => t.about === item.id));
    await act('lan', 'submit', {});
    const { run } = await asked();
    await s.must('flow', 'cancel', run, '--reason', 'x');
    await s.endedCase(run);
    assert.match((await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`)).text, />Cancelled</);
    await act('tam', 'send_back', { comment: 'Again' });
    await act('lan', 'submit', {});
    assert.notEqual((await asked()).run, run);
  });
});

describe('a vote and parts in a chain', () => {
  const steps = [
    { name: 'loi', to: { position: 'head', unit: 'item' }, part: ['title', 'body'], within: '1 working day' },
    { name: 'dan', to: { position: 'reader', level: 'district' }, part: ['lead', 'byline', 'source', 'dated', 'unit'], quorum: 'any' },
    { name: 'hop', to: [{ position: 'reader', level: 'district' }, { position: 'chair', level: 'province' }], within: '2 working days',
      vote: { threshold: '2/3', quorum: '1/2', secret: true } },
  ];

  it('are refused with step and field, planned and drawn', async () => {
    const bad = structuredClone(steps);
    bad[0].part = ['tilte'];
    bad[2].vote.threshold = 'most';
    assert.match((await s.chain({ title: 'Sai phần', steps: bad })).problem.detail, /Step hop, vote: threshold is a number/);
    delete bad[2].vote.threshold;
    assert.match((await s.chain({ title: 'Sai phần', steps: bad })).problem.detail, /Step loi, part: the items have no field tilte/);
    const made = await s.chain({ title: 'Họp', steps });
    assert.equal(made.status, 200, JSON.stringify(made.problem));
    const plan = (await s.mustBe(200, 'lan', 'GET', `/x/approvals/chain/hop/plan?unit=${await s.unit('commune')}&from=2026-11-30T09:00`)).json;
    assert.deepEqual([plan.steps[0].part, plan.steps[2].vote, plan.steps[2].persons.length],
      ['Answers for: Title, Text.', 'They vote: 1/2 must take part, 2/3 of all members must be for it. The ballot is secret.', 4]);
    const r = await s.mustBe(200, 'mai', 'GET', '/x/approvals/chain/hop.svg');
    execFileSync('xmllint', ['--noout', '-'], { input: r.text });
    for (const part of ['Answers for: Title, Text.', 'The ballot is secret.']) assert.ok(r.text.includes(part), part);
  });

  it('ask only those again whose part an edit changed, over a restart, until the vote has passed', async () => {
    const item = await s.article({ title: 'Bầu' }), run = await s.startCase(item, 'hop');
    const edit = async (fields) => s.mustBe(200, 'lan', 'PATCH', `/api/content/article/${item.id}`, fields, await s.match('lan', 'article', item.id));
    const ballot = (who) => s.decide(who, run, { decision: 'approve' }, 'hop');
    await s.decide('mai', run, undefined, 'loi');
    await s.decide('hoa', run, undefined, 'dan');
    await ballot('cuc');
    await s.restart();
    await edit({ lead: 'Tin khác' });
    await s.decide('dao', run, undefined, 'dan');
    assert.deepEqual(await s.inbox('mai', run), [], 'the words are as they were');
    await s.restart();
    for (const who of ['cuc', 'dao', 'hoa']) await ballot(who);
    await s.mustBe(200, 'tam', 'POST', `/api/tasks/${(await s.inbox('tam', run))[0].id}/decide`, { decision: 'reject' });
    const end = await s.endedCase(run);
    assert.equal(end.state, 'completed', JSON.stringify(end));
    assert.deepEqual(end.result.approvals.map((a) => [a.step, a.revision, a.as]).filter((a) => a[0] !== 'dan'),
      [['loi', 1, end.result.approvals[0].as], ['hop', undefined, '3 for, 1 against, 0 abstained']]);
    assert.equal((await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json.state, 'approved');
    assert.match((await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`)).text, /<title>hop: Approved: 3 for, 1 against, 0 abstained</);
    assert.deepEqual(await s.must('verify'), []);
  });
});

describe('a vote with a reminder, those above and ways back', () => {
  const council = { name: 'hop', to: { position: 'reader', level: 'district' }, within: '5 working days', remind: '1 day before', escalate: { position: 'chair', level: 'province' },
    may_return_to: 'any', vote: { quorum: '100%', threshold: '2/3', secret: true } };
  const plan = async (name, query) => (await s.mustBe(200, 'lan', 'GET', `/x/approvals/chain/${name}/plan?${query}`)).json;

  it('tells in the dry run its members, its numbers, its dates and whom it goes on to', async () => {
    const when = (value) => ({ field: 'lead', op: 'contains', value });
    const steps = [{ ...STEPS[0], name: 'xa', when: when('Tin'), remind: '5d' }, { ...STEPS[0], name: 'khong', when: when('x'), escalate: { position: 'vacant' } }, council];
    const made = await s.chain({ title: 'Họp kín', steps });
    assert.equal(made.status, 200, JSON.stringify(made.problem));
    const item = await s.article(), [xa, khong, hop] = (await plan('hop-kin', `item=${item.id}&from=2026-12-28T09:00`)).steps;
    assert.deepEqual([xa.holds, xa.remind, xa.warnings], [true, undefined, ['The reminder would come after the end of the term: there is none.']]);
    assert.deepEqual([khong.holds, khong.asked, /this does not hold: Lead contains x/.test(khong.skipped)], [false, undefined, true]);
    assert.deepEqual([hop.asked, hop.remind, hop.due, hop.escalate.at, hop.escalate.persons.map((p) => p.name)],
      ['2026-12-30 09:00', '2027-01-06 09:00', '2027-01-07 09:00', '2027-01-07 09:00', ['Tam']]);
    assert.deepEqual([hop.persons.map((p) => p.name), hop.members, hop.take_part, hop.need, hop.returns], [['Hoa', 'Cuc', 'Dao'], 3, 3, 2, ['xa', 'khong']]);
    assert.deepEqual(hop.form, { decision: 'choice:approve,reject,abstain!', return_to: 'choice:author,xa,khong' });
    const before = (await plan('hop-kin', `unit=${await s.unit('commune')}`)).steps;
    assert.deepEqual([before[0].holds, before[1].skipped, before[1].warnings.at(-1)], [undefined, undefined, 'Nobody can be asked when the term is over: Phó Chủ tịch.']);
    const told = (await s.must('x', 'chain-plan', 'chain=hop-kin', 'unit=commune', 'from=2026-12-28 09:00'));
    for (const line of ['3 of 3 must take part', '2 of 3 must be for it', 'without a quorum asked: Chủ tịch, of the province (Tam)', 'only if Lead contains x', 'May go back to: xa, khong'])
      assert.ok(told.includes(line), `${line}: ${told}`);
  });

  it('reminds who has not voted, asks those above without a quorum, is held again, and goes back to where those against say', async () => {
    const quick = { ...council, within: '2s', remind: '1s', may_return_to: 'xa' };
    const made = await s.chain({ title: 'Họp nhanh', steps: [{ name: 'xa', to: { position: 'head', unit: 'item' } }, quick] });
    assert.equal(made.status, 200, JSON.stringify(made.problem));
    const item = await s.article({ title: 'Nhanh' }), run = await s.startCase(item, 'hop-nhanh');
    await s.decide('mai', run);
    await s.decide('hoa', run, { decision: 'approve' });
    const asked = await s.come('the chair is asked', async () => (await s.inbox('tam', run))[0]);
    assert.equal(asked.title, 'No quorum: hop: Nhanh');
    const whole = (await s.mustBe(200, 'tam', 'GET', `/api/tasks/${asked.id}`)).json;
    assert.match(whole.help, /Absent: 2\n {2}- Cuc\n {2}- Dao/);
    assert.doesNotMatch(whole.help, /Hoa|for: 1/, 'how the one who came has voted is nobody\'s business');
    assert.match(whole.help, /The ballots were not opened/);
    const reminded = sqlite(s.data, `select count(*) from flow_note where run = ${run} and kind = 'task.reminded'`, '-readonly');
    assert.equal(reminded, '2', 'the two who had not voted');
    assert.match((await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`)).text, /<title>hop: No quorum: asked now is Chủ tịch, of the province</);
    await s.restart();
    await s.mustBe(200, 'tam', 'POST', `/api/tasks/${asked.id}/decide`, { decision: 'again' });
    await s.decide('hoa', run, { decision: 'reject', return_to: 'xa' });
    await s.decide('cuc', run, { decision: 'reject' });
    await s.decide('dao', run, { decision: 'approve' });
    const [again] = await s.come('mai is asked again', async () => { const all = await s.inbox('mai', run); return all.length && all; });
    assert.match((await s.mustBe(200, 'mai', 'GET', `/api/tasks/${again.id}`)).json.help, /Came back from the step hop: [^]*Back to xa: 1/);
    await s.must('flow', 'cancel', run, '--reason', 'x');
    assert.deepEqual(await s.must('verify'), []);
  });
});

describe('a vote without voters', () => {
  const org = (lists) => s.must('org', 'import', s.file('bodies.json', lists));
  const member = (body, person) => ({ body, person, from: '2020-01-01' });
  const orphan = async (run) => {
    for (let i = 0; i < 300; i++, await pause(10)) {
      const one = (await s.must('task', 'orphans')).find((t) => t.run === run);
      if (one) return one;
    }
    throw new Error(`nothing that run ${run} asks is an orphan`);
  };

  it('is shown as a question that nobody can decide: of an empty body, and of one whose members have all written the text', async () => {
    await org({ bodies: ['trong', 'tac-gia'].map((code) => ({ code, name: code, unit: 'province' })), body_members: [member('tac-gia', 'tam'), member('tac-gia', 'lan')] });
    for (const [body, why] of [['trong', /./], ['tac-gia', /Whoever it is asked of wrote the text/]]) {
      const made = await s.chain({ title: body, steps: [{ name: 'hop', to: { body }, within: '2 working days', vote: { threshold: '1/2' } }] });
      assert.equal(made.status, 200, JSON.stringify(made.problem));
      const item = await s.article({ title: `Của ${body}` });
      await s.mustBe(200, 'tam', 'PATCH', `/api/content/article/${item.id}`, { lead: 'Tam' }, await s.match('tam', 'article', item.id));
      const run = await s.startCase(item, body), t = await orphan(run);
      assert.match(t.reason, why);
      assert.equal((await s.ask('tam', 'POST', `/api/tasks/${t.id}/decide`, { decision: 'approve' })).status, 403);
      await org({ body_members: [member(body, 'dao')] });
      await s.decide('dao', run, undefined, 'hop');
      assert.equal((await s.endedCase(run)).state, 'completed');
    }
  });
});

describe('a large chain', () => {
  it('of fifty steps, eight conditions deep, is checked within the limits of a hook; one more is refused', async () => {
    const deep = (n) => (n ? { not: deep(n - 1) } : { field: 'title', op: 'filled' });
    const steps = Array.from({ length: 50 }, (_, i) => ({ name: `s${i}`, to: { position: 'reader', level: 'district' }, quorum: '2/3', within: '1 working day',
      when: { all: [{ field: 'unit', op: 'under', value: 'province' }, deep(6)] }, may_return_to: 'any' }));
    const made = await s.chain({ title: 'Dài', steps });
    assert.equal(made.status, 200, JSON.stringify(made.problem));
    const r = await s.mustBe(200, 'mai', 'GET', '/x/approvals/chain/dai.svg');
    execFileSync('xmllint', ['--noout', '-'], { input: r.text });
    const more = await s.chain({ title: 'Dài hơn', steps: [...steps, { name: 'x', to: { role: 'author' } }] });
    assert.match(more.problem.detail, /at most 50 steps/);
    const deeper = await s.chain({ title: 'Sâu hơn', steps: [{ ...steps[0], when: deep(9) }] });
    assert.match(deeper.problem.detail, /Step s0, when: .*8 deep/);
  });

  it('that is no list of steps at all is refused, not failed', async () => {
    for (const steps of ['x', 5, {}, [1], [[]], [{ name: {} }], [{ name: 'a', to: 5 }], [{ name: 'a', to: [[[]]] }], [{ name: 'a', parallel: 1 }],
      [{ name: 'a', parallel: [{}, {}] }], [{ name: 'a', to: { position: { a: 1 } } }], [{ name: 'a', to: { person: 'lan', unit: { x: 1 } } }],
      [{ name: 'a', to: { person: 'lan' }, when: [] }], [{ name: 'a', to: { person: 'lan' }, when: { field: 'unit', op: 'under', value: 'nowhere' } }],
      [{ name: 'a', to: { person: 'lan' }, within: { a: 1 }, remind: [] }], [{ name: 'a', to: { person: 'lan' }, title: 5, quorum: 1e300, may_return_to: { x: 1 } }],
      [{ name: 'a', to: { person: 'lan' }, when: { field: 'title', op: 'in', value: [{}] } }], [{ name: 'a', to: { person: 'lan' }, when: { field: 'dated', op: '<', value: '\0' } }],
      [{ name: 'a', parallel: [{ name: 'b', to: { person: 'lan' }, part: 1e300 }] }],
      [{ name: 'g', parallel: 0 }, { name: 'a', to: { person: 'lan' }, vote: {}, may_return_to: 'any' }], [{ name: 'g', parallel: [{ name: 'b' }, 1] }, { name: 'a', to: { person: 'lan' }, vote: {}, may_return_to: 'any' }], [{ name: 'a', to: { person: 'lan' }, vote: { quorum: {} }, escalate: [], remind: {}, may_return_to: [{}] }]]) {
      const made = await s.chain({ title: `Sai ${JSON.stringify(steps)}`.slice(0, 60), steps });
      assert.equal(made.status, 409, `${JSON.stringify(steps)}: ${JSON.stringify(made.problem)}`);
      assert.match(made.problem.code, /^approvals\./, JSON.stringify(made.problem));
      for (const path of [`${made.id}.svg?draft=true`, `${made.id}/plan?draft=true`])
        assert.equal((await s.ask('tam', 'GET', `/x/approvals/chain/${path}`)).json.code, made.problem.code);
    }
    assert.deepEqual(await s.must('error', 'list'), []);
  });
});

describe('the example of the scouts', () => {
  const top = (path) => join(TOP, path);

  it('has its news read by a chain that came from a file', async () => {
    const office = await serve({ plugins: `${top('plugins')}:${top('examples/scouts/plugins')}`, config: { lang: 'en', zone: 'Europe/London', settings: top('examples/scouts/settings.json') } });
    await office.must('org', 'import', top('examples/scouts/org'));
    const file = top('examples/scouts/chains/news.json');
    const bring = (...who) => office.must('content', 'import', 'approvals_chain', file, '--with', 'approvals.import', ...who);
    for (const who of [[], ['--as', 'ike']]) {
      const refused = await office.cli('content', 'import', 'approvals_chain', file, '--with', 'approvals.import', ...who);
      assert.deepEqual([refused.code, refused.json.error.code], [1, 'approvals.denied'], 'nobody, or who may not, brings a chain');
    }
    const { item, created } = (await bring('--as', 'ruth')).result;
    assert.deepEqual([created, (await bring('--as', 'ruth')).result], [true, { item, created: false }]);

    const rules = await office.until((await office.must('content', 'import', 'approvals_chain', top('examples/scouts/chains/rules.json'), '--with', 'approvals.import', '--as', 'ruth')).id, ['completed', 'failed']);
    assert.equal(rules.state, 'completed', JSON.stringify(rules));
    assert.match(JSON.stringify(await office.must('x', 'chain-check', `chain=${rules.result.item}`)), /Revision 1 can work/);

    const token = (await office.must('user', 'token', 'ruth')).token;
    const r = await office.request('POST', `/api/content/approvals_chain/${item}/publish`, {}, { authorization: `Bearer ${token}`, 'if-match': '*' });
    assert.equal(r.status, 200, r.text);
    const ike = { authorization: `Bearer ${(await office.must('user', 'token', 'ike')).token}` };
    const unit = (await office.request('GET', '/api/units/1st-ashford', undefined, ike)).json.unit.id;
    const article = await office.request('POST', '/api/content/article', { title: 'Camp', lead: 'We went.', body: 'It rained.', byline: 'Ike', unit }, ike);
    assert.equal(article.status, 201, article.text);
    const run = (await office.must('flow', 'start', 'publication.publish', '--as', 'ike', '--input', JSON.stringify({ article: article.json.id }))).id;
    for (const who of ['jo', 'peter']) {
      for (let i = 0; ; i++) {
        const [task] = await office.must('task', 'list', '--user', who);
        if (task) {
          await office.must('task', 'decide', task.id, '--as', who, '--decision', 'approve');
          break;
        }
        assert.ok(i < 300, `${who} is asked nothing`);
        await pause(20);
      }
    }
    const end = await office.until(run, ['completed', 'failed']);
    assert.deepEqual([end.state, end.result.published], ['completed', true], JSON.stringify(end));
    await office.stop();
  });
});
