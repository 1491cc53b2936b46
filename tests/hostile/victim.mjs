// The plugin that must not suffer, and the people who use it: at a steady pace, whatever else goes on, they start flows
// and decide tasks over HTTP. How long each answer took is kept with the moment when it was asked for.
import http from 'node:http';
import { pause, plugin } from '../lib/khung.mjs';

const SOURCE = `
local rows = storage.table("row", { fields = { n = "integer!", secret = "text!" } })
flow.define("note", { title = "Note", input = { n = "integer!" } }, function(run, input)
  rows:insert { n = input.n, secret = "canary" }
end)
flow.define("ask", { title = "Ask", input = { n = "integer!" } }, function(run, input)
  local answer = run:ask { to = people.person("boss"), title = "Well?", form = { decision = "choice:yes,no!" } }
  rows:insert { n = input.n, secret = "canary " .. answer.decision }
end)
flow.define("count", { title = "Count" }, function() return { all = rows:count(), sum = rows:sum("n") } end)
content.type("good_note", { fields = { title = "text!" } })
`;

export class Victim {
  constructor(service) {
    Object.assign(this, { s: service, times: [], errors: [], n: 0, sum: 0, on: false });
  }

  static install(dir) {
    plugin(dir, 'good', SOURCE, { needs: '{ "flow", "storage", "people", "content" }' });
  }

  async timed(path, body) {
    const at = performance.now();
    const r = await this.s.request('POST', path, body, {}, this.agent);
    this.times.push([at, performance.now() - at]);
    if (r.status >= 300) throw new Error(`${path}: ${r.status} ${r.text}`);
    return r.json;
  }

  async one() {
    const n = ++this.n;
    if (n % 2) {
      await this.timed('/api/runs', { flow: 'good.note', input: { n } });
    } else {
      const { id } = await this.timed('/api/runs', { flow: 'good.ask', input: { n } });
      const tasks = await this.s.request('GET', '/api/tasks?user=boss', undefined, {}, this.agent);
      const task = tasks.json.find((t) => t.run === id);
      if (!task) throw new Error(`run ${id} asks nothing: ${tasks.text}`);
      await this.timed(`/api/tasks/${task.id}/decide`, { decision: 'yes' });
    }
    this.sum += n;
  }

  // Works until `until` is called; each of a few people pauses between two things.
  start(width = 3, rest = 14) {
    this.on = true;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: width });
    const person = async () => {
      while (this.on) {
        await this.one().catch((e) => this.errors.push(String(e)));
        await pause(rest + Math.random() * 4);
      }
    };
    this.ended = Promise.all(Array.from({ length: width }, person));
  }

  async stop() {
    this.on = false;
    await this.ended;
    this.agent.destroy();
  }

  // What was asked between two moments.
  between(from, to) {
    return this.times.filter(([at]) => at >= from && at < to).map(([, took]) => took).sort((a, b) => a - b);
  }
}

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
export const median = (list) => quantile([...list].sort((a, b) => a - b), 0.5);
