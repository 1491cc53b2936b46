// As much of a browser as logins need: keeps cookies, follows redirects, reads forms.
import http from 'node:http';

export class Browser {
  constructor(base) {
    Object.assign(this, { base, cookies: {}, lines: [] });
  }

  // One request; { status, headers, text, json, url }. `lines`: the Set-Cookie lines that came, as they were.
  request(method, path, body, headers = {}) {
    const url = new URL(path, this.base);
    const form = body instanceof URLSearchParams;
    const text = body === undefined ? undefined : form ? body.toString() : typeof body === 'string' ? body : JSON.stringify(body);
    const all = {
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

  // Sends the form of a page.
  submit(page, fields) {
    const action = new URL(/<form[^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? page.url, page.url).href;
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]);
    return this.request('POST', action, new URLSearchParams([...hidden, ...Object.entries(fields)]));
  }
}
