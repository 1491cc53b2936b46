// Files over the wire, for the tests: handing one in, taking one out, what lies in the data directory.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import http from 'node:http';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

// A request of bytes; { status, headers, bytes, json }. `token`: undefined for nobody.
export function send(s, method, path, { token, bytes, headers = {} } = {}) {
  return new Promise((done, failed) => {
    const all = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(bytes !== undefined ? { 'content-length': Buffer.byteLength(bytes) } : {}), ...headers };
    const req = http.request({ host: '127.0.0.1', port: s.port, method, path, headers: all, agent: false }, (res) => {
      const parts = [];
      res.on('data', (p) => parts.push(p));
      res.on('error', failed);
      res.on('end', () => {
        const out = Buffer.concat(parts);
        let json;
        try {
          json = JSON.parse(out);
        } catch { /* not JSON */ }
        done({ status: res.statusCode, headers: res.headers, bytes: out, json });
      });
    });
    req.setTimeout(20000, () => req.destroy(new Error('no answer in 20 s')));
    req.on('error', failed);
    req.end(bytes);
  });
}

export const upload = (s, token, bytes, name = 'a.txt') => send(s, 'POST', `/api/files?name=${encodeURIComponent(name)}`, { token, bytes, headers: { 'content-type': 'application/octet-stream' } });
export const download = (s, token, id, headers = {}) => send(s, 'GET', `/api/files/${id}`, { token, headers });

// A form of parts: [name, filename or null, bytes].
export function form(parts, { boundary = 'xYzZY', end = true } = {}) {
  const out = [];
  for (const [name, filename, bytes] of parts)
    out.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename === null ? '' : `; filename="${filename}"`}\r\nContent-Type: text/html\r\n\r\n`), Buffer.from(bytes), Buffer.from('\r\n'));
  if (end) out.push(Buffer.from(`--${boundary}--\r\n`));
  return { bytes: Buffer.concat(out), headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

// The names of what is kept, and of what is on its way.
export function kept(s) {
  const top = join(s.data, 'files'), of = (d) => (existsSync(join(top, d)) ? readdirSync(join(top, d)) : []);
  const folders = existsSync(top) ? readdirSync(top).filter((d) => d !== 'tmp') : [];
  return { hashes: folders.flatMap((d) => of(d).map((f) => d + f)).sort(), tmp: of('tmp') };
}
