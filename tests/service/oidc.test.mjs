// Login by OpenID Connect, against a real provider: oidc-provider of npm, put into build/npm by scripts/setup.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TOP, folder, pause, serve, write } from '../lib/khung.mjs';
import { Browser } from '../lib/browser.mjs';

const tools = createRequire(join(TOP, 'build/npm/package.json'));
const { default: Provider } = await import(pathToFileURL(tools.resolve('oidc-provider')).href);

const jwk = (kid, alg) => ({
  ...(alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 }))
    .privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig',
});
const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
const read = (text) => JSON.parse(Buffer.from(text, 'base64url'));

// The provider with a hand on what it answers: `tamper(id_token)` gives another one.
class Op {
  async start() {
    this.server = http.createServer((req, res) => this.handle(req, res)).listen(this.port ?? 0, '127.0.0.1');
    await new Promise((done) => this.server.on('listening', done));
    this.port = this.server.address().port;
    this.issuer = `http://127.0.0.1:${this.port}`;
  }

  provide(redirect, keys = [jwk('k1', 'RS256'), jwk('k2', 'ES256')], more = {}) {
    this.keys = keys;
    const client = { client_id: 'khung', client_secret: 'a secret: with/odd&signs', redirect_uris: [redirect], ...more };
    this.provider = new Provider(this.issuer, {
      clients: [client],
      jwks: { keys },
      cookies: { keys: ['x'] },
      pkce: { required: () => true },
      claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
      conformIdTokenClaims: this.inUserinfo ?? true,
      findAccount: (ctx, id) => ({
        accountId: id,
        claims: () => ({ sub: id, preferred_username: this.names?.[id] ?? id, email: `${id}@example.vn`, email_verified: id !== 'unverified' }),
      }),
    });
    this.provider.on('server_error', (ctx, e) => console.error(e));
    this.call = this.provider.callback();
  }

  handle(req, res) {
    this.seen = [...this.seen ?? [], req.url.split('?')[0]];
    if (this.broken) {
      res.writeHead(500).end('{}');
      return;
    }
    if (req.url === '/token') this.authorization = req.headers.authorization;
    const [token, user] = [req.url === '/token' && this.tamper, req.url === '/me' && this.changeUser];
    if (!token && !user) {
      this.call(req, res);
      return;
    }
    const end = res.end.bind(res);
    res.end = (text) => {
      let body = JSON.parse(text);
      if (token) body.id_token = this.tamper(body.id_token, body);
      else body = user(body);
      const out = JSON.stringify(body);
      res.setHeader('content-length', Buffer.byteLength(out));
      return end(out);
    };
    this.call(req, res);
  }
}

describe('OIDC', () => {
  let s, op, redirect;
  const base = () => `http://127.0.0.1:${s.port}`;
  const config = (more = {}) => ({
    oidc_issuer: op.issuer, oidc_client_id: 'khung', oidc_secret_file: join(s?.dir ?? '.', 'secret'), fetch_private: '127.0.0.1',
    url: 'http://127.0.0.1:47991', ...more,
  });

  // A whole login; `change(url)` may change the address on the way to the provider. The last answer of the service.
  async function login(name, { path = '', change = (u) => u, at = (u) => u, jar = new Browser(base()) } = {}) {
    const off = await jar.request('GET', `/auth/oidc/start${path}`);
    if (off.status !== 302) return off;
    let page = await jar.follow({ ...off, headers: { location: change(new URL(off.headers.location)).href } });
    page = await jar.follow(await jar.submit(page, { login: name, password: 'x' }), here);
    if (!page.next) page = await jar.follow(await jar.submit(page, {}), here);
    const back = at(new URL(page.next));
    jar.base = base();
    return { ...await jar.request('GET', back.pathname + back.search), jar, back };
  }
  // The callback's port is not the service's: it takes any.
  const here = (url) => url.startsWith('http://127.0.0.1:47991/');

  before(async () => {
    op = new Op();
    await op.start();
    const dir = folder();
    write(join(dir, 'secret'), 'a secret: with/odd&signs\n');
    s = { dir };
    s = await serve({ dir, config: config() });
    redirect = 'http://127.0.0.1:47991/auth/oidc/callback';
    op.provide(redirect);
    await s.must('user', 'add', 'lan');
    await s.must('user', 'add', 'hoa');
    await s.must('user', 'add', 'root', '--admin');
  });
  after(async () => {
    await s.stop();
    op.server.close();
    op.server.closeAllConnections();
  });

  it('logs in who has an account, with code, PKCE, state and nonce', async () => {
    const r = await login('lan', {
      change: (u) => {
        for (const name of ['state', 'nonce', 'code_challenge']) assert.match(u.searchParams.get(name), /^[A-Za-z0-9_-]{43}$/);
        assert.equal(u.searchParams.get('code_challenge_method'), 'S256');
        assert.equal(u.searchParams.get('response_type'), 'code');
        assert.equal(u.searchParams.get('redirect_uri'), redirect);
        return u;
      },
    });
    assert.equal(r.status, 200, r.text);
    assert.match(r.text, /lan/);
    assert.match(op.authorization, /^Basic /);
    assert.equal((await r.jar.request('GET', '/auth/me')).json.name, 'lan');
    assert.equal(r.jar.cookies['khung-oidc'], undefined);
    const [session] = (await r.jar.request('GET', '/auth/sessions')).json;
    assert.equal(session.how, 'oidc');
  });

  it('goes on to a path here, and to no address elsewhere', async () => {
    for (const [to, where] of [['/console?x=1', '/console?x=1'], ['//evil.example', undefined], ['/\\evil.example', undefined],
      ['https://evil.example', undefined], ['/a\r\nX: y', undefined], ['javascript:alert(1)', undefined]]) {
      const r = await login('lan', { path: `?return=${encodeURIComponent(to)}` });
      assert.equal(r.headers.location, where, to);
      assert.equal(r.status, where ? 303 : 200, to);
    }
  });

  it('is offered on the login page, and leads to where one wanted to go', async () => {
    const page = await new Browser(base()).request('GET', '/login?next=%2Ftasks%2F17');
    const href = /class="button second" href="\/auth\/oidc\/start([^"]*)"/.exec(page.text)[1].replaceAll('&amp;', '&');
    const r = await login('lan', { path: href });
    assert.equal(`${r.status} ${r.headers.location}`, '303 /tasks/17');
  });

  it('takes tokens signed by ES256', async () => {
    op.provide(redirect, [jwk('k3', 'ES256'), jwk('k1', 'RS256')], { id_token_signed_response_alg: 'ES256' });
    let r;
    for (let i = 0; i < 20 && (r = await login('lan')).status !== 200; i++) await pause(300); // keys are fetched anew, not too often
    assert.equal(r.status, 200, r.text);
  });

  it('fetches the keys anew when they have changed', async () => {
    op.provide(redirect, [jwk('k4', 'RS256')]);
    const keysBefore = op.seen.filter((u) => u === '/jwks').length;
    let r;
    for (let i = 0; i < 20 && (r = await login('lan')).status !== 200; i++) {
      assert.match(r.text, /kid/);
      await pause(300);
    }
    assert.equal(r.status, 200, r.text);
    const fetched = op.seen.filter((u) => u === '/jwks').length - keysBefore;
    assert.equal(fetched, 1);
    await login('lan');
    assert.equal(op.seen.filter((u) => u === '/jwks').length - keysBefore, 1, 'known keys are kept');
  });

  it('takes the name from the token where it stands there, and asks only for the same subject where it does not', async () => {
    op.changeUser = (u) => ({ ...u, sub: 'root' });
    const other = await login('lan');
    assert.equal(other.status, 403);
    assert.match(other.text, /userinfo sub/);
    op.changeUser = null;
    op.inUserinfo = false;
    op.provide(redirect, op.keys);
    const asked = op.seen.filter((u) => u === '/me').length;
    assert.equal((await login('lan')).status, 200);
    assert.equal(op.seen.filter((u) => u === '/me').length, asked);
    op.inUserinfo = true;
    op.provide(redirect, op.keys);
  });

  const refused = async (name, options, why, status = 403) => {
    const r = await login(name, options);
    assert.equal(r.status, status, r.text);
    assert.match(r.text, why);
    assert.match(r.text, /<!doctype html>[^]*role="alert"/);
    assert.equal(r.jar.cookies.khung, undefined);
    return r;
  };

  it('refuses a callback that this browser has not begun', async () => {
    await refused('lan', { at: (u) => { u.searchParams.set('state', 'A'.repeat(43)); return u; } }, /not begun/);
    await refused('lan', { at: (u) => { u.searchParams.delete('state'); return u; } }, /not begun/);
    await refused('lan', { at: (u) => { u.searchParams.set('iss', 'https://evil.example'); return u; } }, /not begun/);
    const one = await login('lan', { at: (u) => { u.searchParams.set('state', 'x'); return u; } });
    const other = await new Browser(base()).request('GET', one.back.pathname + one.back.search);
    assert.equal(other.status, 403);
    for (const cookie of ['khung-oidc=', 'khung-oidc=AAAA', `khung-oidc=${'A'.repeat(507)}`, `khung-oidc=${'%'.repeat(507)}`])
      assert.equal((await new Browser(base()).request('GET', '/auth/oidc/callback?code=x&state=x', undefined, { cookie })).status, 403);
  });

  it('refuses a token with another nonce', () =>
    refused('lan', { change: (u) => { u.searchParams.set('nonce', 'another'); return u; } }, /nonce/));

  it('refuses a code that was challenged by another', () =>
    refused('lan', { change: (u) => { u.searchParams.set('code_challenge', 'A'.repeat(43)); return u; } }, /code/, 503));

  it('refuses a code a second time', async () => {
    let used;
    const first = await login('lan', { at: (u) => { used = u; return u; } });
    assert.equal(first.status, 200);
    const again = await login('lan', { at: (u) => { u.searchParams.set('code', used.searchParams.get('code')); return u; } });
    assert.equal(again.status, 503);
    assert.equal(again.jar.cookies.khung, undefined);
  });

  it('refuses tokens that were changed on the way', async () => {
    const changes = {
      'alg none': (t) => `${part({ alg: 'none' })}.${t.split('.')[1]}.`,
      'alg None with the signature': (t) => `${part({ ...read(t.split('.')[0]), alg: 'None' })}.${t.split('.')[1]}.${t.split('.')[2]}`,
      'alg HS256': (t) => `${part({ ...read(t.split('.')[0]), alg: 'HS256' })}.${t.split('.')[1]}.${t.split('.')[2]}`,
      'another subject': (t) => `${t.split('.')[0]}.${part({ ...read(t.split('.')[1]), sub: 'root' })}.${t.split('.')[2]}`,
      'no signature': (t) => `${t.split('.')[0]}.${t.split('.')[1]}.`,
      'a bit of the signature': (t) => { const [h, c, g] = t.split('.'); return `${h}.${c}.${g[0] === 'A' ? 'B' : 'A'}${g.slice(1)}`; },
      'four parts': (t) => `${t}.x`,
      empty: () => '',
      'no text': () => 7,
      long: () => 'A'.repeat(100000),
      dots: () => '..',
    };
    for (const [what, change] of Object.entries(changes)) {
      op.tamper = change;
      const r = await login('lan');
      assert.ok([403, 503].includes(r.status), `${what}: ${r.status}`);
      assert.equal(r.jar.cookies.khung, undefined, what);
    }
    op.tamper = (t, body) => { body.access_token += 'x'; return t; }; // at_hash
    assert.ok([403, 503].includes((await login('lan')).status));
    op.tamper = null;
    assert.equal((await login('lan')).status, 200);
  });

  it('lets in nobody without an account, nor an administrator by the name alone', async () => {
    await refused('stranger', {}, /stranger/);
    await refused('root', {}, /root/);
    assert.equal((await s.must('user', 'list')).length, 3);
    await s.must('user', 'identify', 'root', op.issuer, 'root');
    assert.equal((await login('root')).status, 200);
  });

  it('knows the subject, not the name: who takes a name does not get its account', async () => {
    assert.equal((await login('hoa')).status, 200);
    op.names = { thief: 'hoa', hoa: 'hoa.nguyen' };
    await refused('thief', {}, /another login|khác/, 409);
    const r = await login('hoa');
    assert.equal((await r.jar.request('GET', '/auth/me')).json.name, 'hoa');
    op.names = {};
    await s.must('user', 'disable', 'hoa');
    await refused('hoa', {}, /hoa/);
  });

  it('makes accounts only where that is set; an address must be verified; a public client needs no secret', async () => {
    await s.stop();
    s.config = config({ oidc_create: 'true', oidc_claim: 'email', oidc_secret_file: '' });
    op.provide(redirect, [jwk('k5', 'RS256')], { client_secret: undefined, token_endpoint_auth_method: 'none' });
    await s.start();
    const r = await login('minh');
    assert.equal(r.status, 200, r.text);
    assert.equal((await r.jar.request('GET', '/auth/me')).json.name, 'minh@example.vn');
    assert.equal((await r.jar.request('GET', '/auth/me')).json.admin, false);
    await refused('unverified', {}, /account|tài khoản/);
  });

  it('says so when the provider is away, and comes back with it', async () => {
    await s.stop();
    s.config = config();
    op.provide(redirect);
    op.broken = true;
    await s.start();
    const r = await new Browser(base()).request('GET', '/auth/oidc/start', undefined, { 'accept-language': 'vi' });
    assert.equal(r.status, 503);
    assert.match(r.text, /Nhà cung cấp/);
    assert.equal((await s.request('GET', '/health')).status, 200);
    op.broken = false;
  });

  it('is not there when no provider is set', async () => {
    await s.stop();
    s.config = {};
    await s.start();
    for (const path of ['start', 'callback?code=x&state=x']) assert.equal((await new Browser(base()).request('GET', `/auth/oidc/${path}`)).status, 404);
  });
});
