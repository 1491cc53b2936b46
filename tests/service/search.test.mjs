// The pages of a search tell nothing of what the reader may not see, neither by what stands in a cursor nor by where a page ends; and
// words are sought whole.
import { after, before, it } from 'node:test';
import assert from 'node:assert/strict';
import { office } from '../lib/office.mjs';

const SOURCE = `content.type("inner", { fields = { title = "text!" }, title = "title", unit = true, internal = true })
route.get("/find", { title = "Find", access = "public", query = { q = "text", after = "text", limit = "integer" } }, function(req)
  local hits = content.search(req.query.q, { limit = req.query.limit, after = req.query.after })
  local ids = {}
  for i, x in ipairs(hits) do ids[i] = x.id end
  return { json = { ids = ids, next = hits.next } }
end)
`;
let s, units;

before(async () => {
  s = await office(SOURCE, { needs: '{ "content", "content:publish", "people", "flow", "storage", "route" }', org: { bodies: [] } });
  units = Object.fromEntries((await s.must('org', 'units')).map((u) => [u.code, u.id]));
});
after(() => s?.stop());

const next = (r) => /^<([^>]+)>; rel="next"$/.exec(r.headers.link ?? '')?.[1];
const make = async (unit, title, { type = 'note', published } = {}) => {
  const r = await s.as('lan')('POST', `/api/content/${type}`, { title, unit: units[unit] });
  assert.equal(r.status, 201, r.text);
  if (published) assert.equal((await s.as('lan')('POST', `/api/content/${type}/${r.json.id}/publish`, {})).status, 200);
  return r.json.id;
};

// A cursor is text that anybody can decode: does it hold this number? (base/val_codec.c: seven bits a byte, the sign at the end)
const holds = (cursor, id) => {
  const bytes = [];
  for (let n = BigInt(id) * 2n; bytes.push(Number(n & 127n) | (n > 127n ? 128 : 0)), n > 127n;) n >>= 7n;
  return Buffer.from(cursor, 'base64url').includes(Buffer.from(bytes));
};

// Pages of one, each cursor with the items that it could name.
async function walk(url, of, known) {
  const ids = [];
  for (let n = 0, cursor = null; n === 0 || cursor; n++) {
    const page = await of(url + (cursor ? `&after=${cursor}` : ''));
    ids.push(...page.ids);
    cursor = page.next;
    if (cursor) assert.deepEqual(known.filter((id) => holds(cursor, id)), [ids.at(-1)], 'the cursor names the last one that was shown');
    assert.ok(n < 20);
  }
  return ids;
}

it('a cursor names no internal item to the public', async () => {
  const known = [], shown = [];
  for (const [type, title] of [['inner', 'tin một'], ['note', 'tin hai'], ['inner', 'tin ba'], ['inner', 'tin bốn'], ['note', 'tin năm'], ['inner', 'tin sáu']]) {
    known.unshift(await make('north', title, { type, published: true }));
    if (type === 'note') shown.unshift(known[0]);
  }
  const find = async (url) => (await s.request('GET', url, undefined, { authorization: undefined })).json;
  assert.deepEqual(await walk('/x/t/find?q=tin&limit=1', find, known), shown);
});

it('a cursor names no draft of a unit whose drafts the reader may not read', async () => {
  const known = [], shown = [];
  for (const unit of ['south', 'north', 'south', 'south', 'north', 'south']) {
    known.unshift(await make(unit, 'kế hoạch'));
    if (unit === 'north') shown.unshift(known[0]);
  }
  const as = (who) => async (url) => {
    const r = await s.as(who)('GET', url);
    assert.equal(r.status, 200, r.text);
    return { ids: r.json.map((i) => i.id), next: next(r) && new URL(next(r), 'http://x').searchParams.get('after') };
  };
  assert.deepEqual(await walk('/api/search?text=ke+hoach&unit=north&limit=1', as('mai'), known), shown);
  assert.deepEqual(await walk('/api/search?text=ke+hoach&limit=1', as('mai'), known), []);
});

it('whole words are found, not their beginnings', async () => {
  const wanted = await make('north', 'đề án', { published: true });
  await make('north', 'đềm ánh', { published: true });
  for (const text of ['đề án', 'de an']) assert.deepEqual((await s.as('mai')('GET', `/api/search?text=${encodeURIComponent(text)}&published=true`)).json.map((i) => i.id), [wanted]);
  assert.deepEqual((await s.as('mai')('GET', '/api/search?text=d&published=true')).json, []);
});
