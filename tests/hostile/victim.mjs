// The plugin that must not suffer, and the people who use it, at a steady pace, whatever else goes on: some start flows, look into their
// inbox, open a task and decide it; others read what is published. How long each answer took is kept with the moment when it was asked for.
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

  async timed(method, path, body) {
    const at = performance.now();
    const r = await this.s.request(method, path, body, {}, this.agent);
    this.times.push([at, performance.now() - at, method !== 'GET']);
    if (r.status >= 300) throw new Error(`${path}: ${r.status} ${r.text}`);
    return r.json;
  }

  async one() {
    const n = ++this.n;
    if (n % 2) {
      const { id } = await this.timed('POST', '/api/runs', { flow: 'good.note', input: { n } });
      await this.timed('GET', `/api/runs/${id}`);
    } else {
      const { id } = await this.timed('POST', '/api/runs', { flow: 'good.ask', input: { n } });
      const tasks = await this.timed('GET', '/api/tasks?user=boss');
      const task = tasks.find((t) => t.run === id);
      if (!task) throw new Error(`run ${id} asks nothing: ${JSON.stringify(tasks)}`);
      await this.timed('GET', `/api/tasks/${task.id}`);
      await this.timed('POST', `/api/tasks/${task.id}/decide`, { decision: 'yes' });
    }
    this.sum += n;
  }

  // Works until `stop` is called; each of a few people pauses between two things.
  async start(staff = 3, readers = 6, rest = 14) {
    this.on = true;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: staff + readers });
    const { id } = await this.timed('POST', '/api/content/good_note', { title: 'News' });
    await this.timed('POST', `/api/content/good_note/${id}/publish`);
    const person = async (act) => {
      while (this.on) {
        await act().catch((e) => this.errors.push(String(e)));
        await pause(rest + Math.random() * 4);
      }
    };
    const work = Array.from({ length: staff }, () => person(() => this.one()));
    const read = Array.from({ length: readers }, () => person(() => this.timed('GET', `/api/content/good_note/${id}`)));
    this.ended = Promise.all([...work, ...read]);
  }

  async stop() {
    this.on = false;
    await this.ended;
    this.agent.destroy();
  }

  // How long what was asked between two moments took; all, or only what changes something.
  between(from, to, changes = false) {
    return this.times.filter(([at, , isChange]) => at >= from && at < to && (isChange || !changes)).map(([, took]) => took).sort((a, b) => a - b);
  }
}

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
export const median = (list) => quantile([...list].sort((a, b) => a - b), 0.5);
