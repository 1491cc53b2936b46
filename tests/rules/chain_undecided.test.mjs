// A chain in which nobody decides: told beforehand over REST and the command line, and back with its author at its end,
// also in the flow that would publish what comes out of it.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { chainOffice } from '../lib/chain.mjs';

const STEPS = [
  { name: 'xa', to: { position: 'head', unit: 'item' }, within: '200ms', on_timeout: 'pass' },
  { name: 'tinh', to: { position: 'chair', level: 'province' }, when: { field: 'lead', op: 'filled' } },
];

let s, chain;
before(async () => {
  s = await chainOffice({ settings: { publication: { chain: 'im-lang' } } });
  chain = await s.chain({ title: 'Im lặng', steps: STEPS });
});
after(() => s?.stop());

const draft = async (item) => (await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/draft`)).json;
const verb = async (item, what, body, method = 'POST') => s.mustBe(200, 'lan', method, `/api/content/article/${item.id}${what}`, body, await s.match('lan', 'article', item.id));
const drawn = async (run) => (await s.mustBe(200, 'lan', 'GET', `/x/approvals/case/${run}.svg`)).text;

describe('a chain in which nobody may decide', () => {
  it('is published, and told by the check and the dry run with what to do', async () => {
    assert.equal(chain.status, 200, JSON.stringify(chain.problem));
    const told = (await s.mustBe(200, 'tam', 'GET', `/x/approvals/chain/${chain.id}/check`)).json;
    assert.deepEqual(told.faults, []);
    assert.match(told.warnings.join(), /^Step -, steps: every step may be left out or passed over in silence: .* Let one step be asked without a condition/);
    assert.match(JSON.stringify(await s.must('x', 'chain-check', 'chain=im-lang')), /warning: Step -, steps: every step may be left out or passed over/);
    assert.match(JSON.stringify(await s.must('x', 'chain-plan', 'chain=im-lang', 'unit=commune')), /! Step -, steps: every step may be left out or passed over/);
    const led = await s.article({ title: 'Có dẫn' });
    const plan = (await s.mustBe(200, 'lan', 'GET', `/x/approvals/chain/im-lang/plan?item=${led.id}`)).json;
    assert.equal(plan.warnings, undefined, 'of this text somebody decides');
  });

  it('gives a text back to its author with the reason, and publishes it when somebody has decided', async () => {
    const item = await s.article({ title: 'Không dẫn', lead: undefined });
    const { id: run } = (await s.mustBe(201, 'lan', 'POST', '/api/runs', { flow: 'publication.publish', input: { article: item.id } })).json;
    await s.come('it is back', async () => (await draft(item)).state === 'draft' && (await s.must('flow', 'list', '--flow', 'approvals.chain')).length);
    const [step] = await s.must('flow', 'list', '--flow', 'approvals.chain');
    await s.come('the status', async () => /nobody has decided/.test((await s.flow(step.id)).status));
    assert.equal((await s.flow(run)).error, undefined);
    const history = (await s.mustBe(200, 'lan', 'GET', `/api/content/article/${item.id}/history`)).json;
    assert.ok((history.items ?? history).some((h) => h.verb === 'send_back' && /^Nobody has decided about Không dẫn/.test(h.reason)), JSON.stringify(history));
    assert.match(await drawn(step.id), /Nobody has decided: back with its author/);
    await s.restart();
    assert.match(await drawn(step.id), /Nobody has decided: back with its author/);
    await verb(item, '', { lead: 'Tin' }, 'PATCH');
    await verb(item, '/submit', {});
    await s.decide('tam', step.id, { decision: 'approve' }, 'tinh');
    const end = await s.endedCase(run);
    assert.deepEqual([end.state, end.result.published, end.result.rounds], ['completed', true, 2], JSON.stringify(end));
    assert.deepEqual(await s.must('verify'), []);
  });
});
