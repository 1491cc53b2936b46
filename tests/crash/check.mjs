// What must hold after a crash: nothing acknowledged is lost, nothing happened twice, everything went on to its end.
import { sqlite } from '../lib/khung.mjs';

export const sql = (data, text) => JSON.parse(sqlite(data, text, '-json') || '[]');

// The rows that each flow leaves, in the order in which it writes them.
// One that was cancelled before its second row undoes the first alone.
const WANTED = { five: ['1,2,3,4,5'], signalled: ['1,2,3'], undone: ['1,2,-2,-1', '1,-1'], page: ['1'], sent: ['1,2'] };

export const openRuns = (data) => sql(data, `select r.id, n.name, r.bid, r.state from flow_run r join flow_name n on n.id = r.name
  where r.ended is null`);

// Findings as sentences; none: all is well. `acked`: business id → { flow, id } of every start that was answered with 201.
export function check(data, acked) {
  const found = [];
  const runs = new Map();
  for (const r of sql(data, 'select r.id, n.name, r.bid, r.ended from flow_run r join flow_name n on n.id = r.name where r.bid is not null')) {
    if (runs.has(r.bid)) found.push(`${r.bid}: two runs`);
    runs.set(r.bid, r);
    if (r.ended === null) found.push(`${r.bid}: run ${r.id} has not ended`);
  }
  for (const [bid, { id }] of acked) {
    const run = runs.get(bid);
    if (!run) found.push(`${bid}: acknowledged and gone`);
    else if (id !== run.id) found.push(`${bid}: acknowledged as ${id}, is ${run.id}`);
  }
  const rows = new Map();
  for (const r of sql(data, 'select bid, n, id from p_crashme__row order by id'))
    rows.set(r.bid, [...rows.get(r.bid) ?? [], r.n]);
  for (const [bid, run] of runs) {
    const have = rows.get(bid) ?? [];
    if (!WANTED[run.name].includes(String(have))) found.push(`${bid}: ${run.name} left the rows ${have}`);
  }
  for (const bid of rows.keys()) if (!runs.has(bid)) found.push(`${bid}: rows without a run`);
  const pages = new Map();
  for (const p of sql(data, 'select title from c_page_pub')) pages.set(p.title, (pages.get(p.title) ?? 0) + 1);
  for (const [bid, run] of runs) if (run.name === 'page' && pages.get(bid) !== 1) found.push(`${bid}: published ${pages.get(bid) ?? 0} times`);
  for (const { integrity_check: text } of sql(data, 'pragma integrity_check')) if (text !== 'ok') found.push(text);
  return found;
}
