// Load for the crash tests: starts, signals and cancels over HTTP, noting what the service acknowledged.
import http from 'node:http';
import { openRuns } from './check.mjs';
import { pause } from '../lib/khung.mjs';

export class Load {
  constructor(service, flows = ['five', 'signalled', 'undone', 'page']) {
    Object.assign(this, { service, flows, acked: new Map(), n: 0, errors: [] });
  }

  async one(agent) {
    const n = this.n++, flow = this.flows[n % this.flows.length], bid = `${flow}-${n}`, s = this.service;
    const r = await s.request('POST', '/api/runs', { flow: `crashme.${flow}`, input: { bid }, id: bid }, {}, agent);
    if (r.status !== 201) {
      if (r.status < 500) this.errors.push(r.text);
      return;
    }
    this.acked.set(bid, { flow, id: r.json.id });
    await this.push(flow, r.json.id, agent);
  }

  // What a run of this flow needs from outside to come to its end; asking twice must do no harm.
  async push(flow, id, agent) {
    const s = this.service;
    if (flow === 'signalled') await s.request('POST', `/api/runs/${id}/signal`, { name: 'go', data: { n: 1 }, key: 'once' }, {}, agent);
    if (flow === 'undone') await s.request('POST', `/api/runs/${id}/cancel`, { reason: 'test' }, {}, agent);
  }

  // Loads until `ms` are over or the service has gone.
  async drive(ms, width = 6) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: width }), end = Date.now() + ms;
    const worker = async () => {
      while (Date.now() < end && !this.service.gone) {
        try {
          await this.one(agent);
        } catch {
          return; // killed under the request: not acknowledged
        }
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
    agent.destroy();
  }

  // Brings all open runs to their end; false if they do not get there.
  async settle(ms = 20000) {
    const asked = new Set();
    for (const end = Date.now() + ms; Date.now() < end;) {
      const open = openRuns(this.service.data);
      if (open.length === 0) return true;
      for (const r of open)
        if (!asked.has(r.id)) {
          asked.add(r.id);
          await this.push(r.name, r.id);
        }
      await pause(30);
    }
    return false;
  }
}
