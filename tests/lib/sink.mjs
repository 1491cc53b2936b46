// A mail server for tests (smtp_sink.py): what it has taken, as it came.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from './khung.mjs';

export class Sink {
  constructor() {
    this.mails = [];
    this.marks = new Map();
  }

  static start(...args) {
    const sink = new Sink();
    sink.child = spawn('/usr/bin/python3', [join(dirname(fileURLToPath(import.meta.url)), 'smtp_sink.py'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    return new Promise((ready, failed) => {
      sink.child.on('exit', (code) => failed(new Error(`the mail server ended: ${code}`)));
      createInterface({ input: sink.child.stdout }).on('line', (line) => {
        const what = JSON.parse(line);
        if (what.port) {
          sink.port = what.port;
          ready(sink);
        } else if (what.mark) {
          sink.marks.get(what.mark)();
        } else {
          sink.mails.push(what);
        }
      });
    });
  }

  // Waits until `n` mails have come that fit.
  async until(n, fits = () => true, ms = 10000) {
    for (const end = Date.now() + ms; ;) {
      const found = this.mails.filter(fits);
      if (found.length >= n) return found;
      if (Date.now() > end) throw new Error(`${found.length} mails, not ${n}: ${JSON.stringify(this.mails.map((m) => [m.to, m.subject]))}`);
      await pause(20);
    }
  }

  // Waits until all that was taken before is in `mails`: a mail is told of before its sender has the answer.
  told() {
    return new Promise((done) => {
      this.marks.set(this.marks.size + 1, done);
      this.child.stdin.write(`${this.marks.size}\n`);
    });
  }

  stop() {
    this.child.kill();
  }
}
