// As much of a browser as logins need: keeps cookies, follows redirects, reads forms. And what tests of logins share.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { KHUNG, write } from './khung.mjs';

export const PASSWORD = 'correct horse battery', OTHER = 'another long enough one';
export const browser = (s) => new Browser(`http://127.0.0.1:${s.port}`);

// khung user password --stdin
export function setPassword(s, name, password) {
  return new Promise((done) => {
    const child = spawn(KHUNG, ['--data', s.data, 'user', 'password', name, '--stdin'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (d) => { err += d; });
    child.on('close', (code) => done({ code, err }));
    child.stdin.end(`${password}\n`);
  });
}

// An account with a person, an e-mail address and a password.
export async function withUser(s, name = 'lan') {
  write(join(s.dir, 'org.json'), JSON.stringify({
    units: [{ code: 'office', name: 'Office', kind: 'office', from: '2020-01-01' }],
    persons: [{ code: name, name, email: `${name}@example.vn` }],
  }));
  await s.must('org', 'import', join(s.dir, 'org.json'));
  await s.must('user', 'add', name, '--person', name);
  const r = await setPassword(s, name, PASSWORD);
  if (r.code !== 0) throw new Error(r.err);
}

// Mails that wait in the outbox, the newest last.
export function mails(s) {
  const sql = 'import sqlite3,sys;[print(r[0].hex()) for r in sqlite3.connect(sys.argv[1]).execute("select body from outbox where kind=\'mail\' order by id")]';
  const out = execFileSync('python3', ['-c', sql, join(s.data, 'khung.db')], { encoding: 'utf8' }).trim();
  return out ? out.split('\n').map((hex) => Buffer.from(hex, 'hex').toString('latin1')) : [];
}
export const resetToken = (mail) => /\/auth\/reset\/([A-Za-z0-9_-]{43})/.exec(mail)[1];

// The code of an app (RFC 6238).
export function totp(secret, at = Date.now()) {
  let bits = '';
  for (const c of secret) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

export class Browser {
  constructor(base) {
    Object.assign(this, { base, cookies: {}, lines: [] });
  }

  // One request; { status, headers, text, json, url }. `lines`: the Set-Cookie lines that came, as they were.
  request(method, path, body, headers = {}) {
    const url = new URL(path, this.base);
    const form = body instanceof URLSearchParams;
    const text = body === undefined ? undefined : form ? body.toString() : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const all = {
      'accept-language': 'en',
      ...(Object.keys(this.cookies).length ? { cookie: Object.entries(this.cookies).map(([k, v]) => `${k}=${v}`).join('; ') } : {}),
      ...(text === undefined ? {} : {
        'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
      ...headers,
    };
    for (const k of Object.keys(all)) if (all[k] === undefined) delete all[k];
    return new Promise((done, failed) => {
      const req = http.request(url, { method, headers: all, agent: false }, (res) => {
        let out = '';
        res.setEncoding('utf8');
        res.on('data', (s) => { out += s; });
        res.on('error', failed);
        res.on('end', () => {
          this.take(res.headers['set-cookie'] ?? []);
          let json;
          try {
            json = JSON.parse(out);
          } catch { /* not JSON */ }
          done({ status: res.statusCode, headers: res.headers, text: out, json, url: url.href });
        });
      });
      req.setTimeout(30000, () => req.destroy(new Error('no answer in 30 s')));
      req.on('error', failed);
      req.end(text);
    });
  }

  take(lines) {
    if (lines.length) this.lines = lines;
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line) || /expires=Thu, 01 Jan 1970/i.test(line)) delete this.cookies[name];
      else this.cookies[name] = value;
    }
  }

  // What a page of the service would send: the word against forgery, and where it comes from.
  send(method, path, body, headers = {}) {
    return this.request(method, path, body, {
      'x-csrf-token': this.cookies['khung-csrf'] ?? this.cookies['__Host-khung-csrf'],
      origin: this.base, 'sec-fetch-site': 'same-origin', ...headers,
    });
  }

  login(name, password, more = {}) {
    return this.request('POST', '/auth/login', { name, password, ...more });
  }

  // The form of a page at `path` whose hidden fields hold `act` (the first form in <main> when none is said).
  async form(path, act) {
    const page = await this.request('GET', path);
    const forms = [...page.text.slice(page.text.indexOf('<main')).matchAll(/<form[^>]*>[^]*?<\/form>/g)].map((m) => m[0]);
    const text = forms.find((f) => !act || f.includes(`value="${act}"`));
    if (!text) throw new Error(`${path} has no form ${act ?? ''}: ${page.status} ${page.text}`);
    return { ...page, text };
  }

  loginPage(name, password, more = {}) {
    return this.form(`/login${more.query ?? ''}`).then((page) => this.submit(page, { name, password }));
  }

  // Follows redirects until there is a page, or until `stop(url)` says that this one is not to be opened.
  async follow(answer, stop = () => false) {
    let at = answer;
    for (let i = 0; i < 20 && at.status >= 300 && at.status < 400; i++) {
      const to = new URL(at.headers.location, at.url).href;
      if (stop(to)) return { ...at, next: to };
      at = await this.request('GET', to);
    }
    return at;
  }

  // Sends the form of a page; a list as a field's value sends each of it.
  submit(page, fields) {
    const { action, all } = Browser.filled(page, fields);
    return this.request('POST', action, new URLSearchParams(all));
  }

  // The same of one with files: [[field, name, bytes] …].
  submitFiles(page, fields, files = [], headers = {}) {
    const { action, all } = Browser.filled(page, fields);
    return this.request('POST', action, multipart(all, files), { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers });
  }

  static filled(page, fields) {
    const action = new URL(/<form[^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? page.url, page.url).href;
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]);
    return { action, all: [...hidden, ...Object.entries(fields).flatMap(([k, v]) => [v].flat().map((one) => [k, one]))] };
  }
}

export const BOUNDARY = '----KhungTest';
// A body as browsers make it.
export function multipart(fields, files) {
  const parts = [];
  for (const [name, value] of fields) parts.push(Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`));
  for (const [name, filename, bytes] of files)
    parts.push(Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`), Buffer.from(bytes), Buffer.from('\r\n'));
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}
