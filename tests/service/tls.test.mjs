// https: a certificate that nobody known has signed, for another name or of the past is refused before anything is sent.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import https from 'node:https';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, plugin, serve, write } from '../lib/khung.mjs';

const SOURCE = `
on("p.before_fetch", function(e)
  loop.spawn(function()
    local ok, r = pcall(loop.fetch, { url = e.url, headers = { Authorization = "secret" }, timeout = "5s" })
    storage.kv.set("answer", { ok = ok, body = ok and r.body or nil, message = not ok and r.message or nil })
  end)
end)
flow.define("fetch", { title = "Fetch", input = { url = "text!" } }, function(run, input)
  storage.kv.delete("answer")
  events.emit("p.before_fetch", { url = input.url })
  while not storage.kv.get("answer") do run:sleep("10ms") end
  return storage.kv.get("answer")
end)
`;
const CA = `[ca]\ndefault_ca = d\n[d]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256\npolicy = p
unique_subject = no\ncopy_extensions = copy\n[p]\ncommonName = supplied\n`;

// Certificates that sign themselves: { key, good, old }, the first two for "localhost".
function certificates(dir) {
  const cwd = join(dir, 'tls'), openssl = (...args) => execFileSync('openssl', args, { cwd, stdio: 'pipe' });
  mkdirSync(cwd);
  for (const [name, text] of [['ca.conf', CA], ['index', ''], ['serial', '01\n']]) write(join(cwd, name), text);
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem', '-out', 'request.pem',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost');
  const sign = (out, from, until) => openssl('ca', '-batch', '-config', 'ca.conf', '-selfsign', '-keyfile', 'key.pem', '-in', 'request.pem',
    '-startdate', from, '-enddate', until, '-notext', '-out', out);
  sign('good.pem', '20200101000000Z', '21200101000000Z');
  sign('old.pem', '20200101000000Z', '20200102000000Z');
  return { file: (name) => join(cwd, name), read: (name) => readFileSync(join(cwd, name)) };
}

describe('https', () => {
  const servers = [];
  let certs, dir, seen = 0;
  const listen = async (cert) => {
    const server = https.createServer({ key: certs.read('key.pem'), cert: certs.read(cert) }, (req, res) => {
      seen++;
      res.end('inside');
    });
    server.on('tlsClientError', () => {});
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    servers.push(server);
    return server.address().port;
  };
  const fetch = async (s, url) => (await s.until(await s.startFlow('p.fetch', { url }), ['completed', 'failed', 'blocked'], 90000)).result;

  before(() => {
    dir = folder();
    certs = certificates(dir);
    plugin(dir, 'p', SOURCE, { needs: '{ "flow", "storage", "fetch:localhost", "fetch:127.0.0.1" }' });
  });
  after(() => servers.forEach((server) => server.close()));

  it('is taken when the certificate is known, of today and for this name; else refused', async () => {
    const config = { fetch_private: 'localhost 127.0.0.1' };
    const [good, old] = [await listen('good.pem'), await listen('old.pem')];
    let s = await serve({ dir, config, env: { SSL_CERT_FILE: certs.file('good.pem') } });
    assert.deepEqual(await fetch(s, `https://localhost:${good}/`), { ok: true, body: 'inside' });
    assert.equal(seen, 1);
    assert.match((await fetch(s, `https://127.0.0.1:${good}/`)).message, /certificate/i);
    await s.stop();
    s = await serve({ dir, config, env: { SSL_CERT_FILE: certs.file('old.pem') } });
    assert.match((await fetch(s, `https://localhost:${old}/`)).message, /certificate/i);
    await s.stop();
    s = await serve({ dir, config });
    assert.match((await fetch(s, `https://localhost:${good}/`)).message, /certificate/i);
    await s.stop();
    assert.equal(seen, 1);
  });
});
