// REST and the command line can do the same. Each command has a route, by the same function of the API or by the table below, or a
// reason why not; so has each function that the host or a plugin may call.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KHUNG, TOP, serve } from '../lib/khung.mjs';
import { ROUTES } from '../lib/routes.mjs';

const LOCAL = 'for whoever writes plugins, on their machine: it needs no service';
const MACHINE = 'changes folders or settings of the machine, which the service has locked itself out of';

// Commands that are more than one call: the route that does it, or the reason.
const COMMANDS = {
  serve: { why: 'is the service' },
  test: { why: LOCAL },
  'new plugin': { why: LOCAL },
  'new flow': { why: LOCAL },
  'new report': { why: LOCAL },
  check: { why: LOCAL },
  api: { why: LOCAL },
  console: { why: 'runs a line of Lua as a plugin: for the operator of the machine, over its socket' },
  x: { why: 'a command of a plugin asks nobody for rights, since it is the operator\'s: for others its plugin declares routes (/x/PLUGIN/…)' },
  doctor: { routes: ['GET /api/confinement', 'GET /api/plugins', 'GET /api/warnings', 'GET /api/verify', 'GET /health'] },
  metrics: { routes: ['GET /metrics'] },
  openapi: { routes: ['GET /api/openapi.json'] },
  'content list': { routes: ['GET /api/content/{type}'] },
  'content show': { routes: ['GET /api/content/{type}/{id}/draft'] },
  'content history': { routes: ['GET /api/content/{type}/{id}/history'] },
  'content lint': { routes: ['GET /api/content/{type}/{id}/lint'] },
  'content create': { routes: ['POST /api/content/{type}'] },
  'content edit': { routes: ['PATCH /api/content/{type}/{id}'] },
  ...Object.fromEntries(['submit', 'approve', 'send-back', 'schedule', 'publish', 'correct', 'retract', 'archive'].map((verb) => [`content ${verb}`, { routes: [`POST /api/content/{type}/{id}/${verb.replace('-', '_')}`] }])),
  'content import': { routes: ['POST /api/runs'] }, // it starts a run with the rows
  'report list': { routes: ['GET /api/reports'] },
  'report run': { routes: ['GET /api/reports/{name}'] },
  'flow upgrade': { routes: ['POST /api/runs/upgrade'] },
  'org import': { routes: ['POST /api/org/import'] },
  'org export': { routes: ['GET /api/org/export'] },
  ...Object.fromEntries(['merge', 'split', 'rename', 'abolish', 'move'].map((verb) => [`org ${verb}`, { routes: ['POST /api/org/change'] }])),
  'user password': { routes: ['POST /api/users/{name}/reset_link', 'POST /auth/password'] }, // over REST nobody sets a password for another
  'plugin keygen': { why: LOCAL },
  'plugin pack': { why: LOCAL },
  'plugin trust': { why: MACHINE },
  'plugin install': { why: MACHINE },
  'audit erase': { routes: ['GET /api/audit/erasures/preview', 'POST /api/audit/erasures'] },
  'audit anchor': { routes: ['GET /api/audit/anchors'] },
  'audit export': { routes: ['GET /api/audit/export'] },
};

// Functions that no route calls: a pattern, and the reason.
const FUNCTIONS = [
  [/^(date|number|text|json|log|id|loop)\./, 'helps a plugin\'s code'],
  [/^(content\.type|flow\.define|report\.define|command\.define|storage\.table|schedule\.cron|flow\.patched|route\.(get|post|put|patch|delete))$/, 'is said while a plugin is loaded'],
  [/^(storage|events|schedule|mail)\./, 'is the plugin\'s own: its routes and reports give it to others'],
  [/^(flow|people)\./, 'Lua\'s way to what REST has below /api/runs, /api/units, /api/why and so on'],
  [/^content\.authors$/, 'what REST tells of a task by may_decide, for a flow that settles whom it asks'],
  [/^(command|console)\./, 'for the operator of the machine: see the commands'],
  [/^(route\.call|file\.add|audit\.export|calendar\.feed|notify\.(link|unsubscribe)|task\.link_(show|decide))$/, 'is called by a route of own_routes.c'],
  [/^task\.flags$/, 'is what POST /api/tasks/decide shows of each task'],
  [/^run\.try$/, 'tries files that do not serve yet: khung check'],
  [/^user\.password(_rules)?$/, 'takes a hash that the command has made'],
];

let s, doc;
before(async () => {
  s = await serve({ config: { lang: 'en' } });
  await s.admin();
  doc = (await s.request('GET', '/api/openapi.json')).json;
});
after(() => s?.stop());

const source = (path) => readFileSync(join(TOP, path), 'utf8');
const routeCalls = () => new Set([...source('core/http/routes.c').matchAll(/\{"[A-Z]+", "[^"]+", "([a-z_.]+)"/g)].map((m) => m[1]));
const isRoute = (name) => Boolean(doc.paths[name.split(' ')[1]]?.[name.split(' ')[0].toLowerCase()]);

// "khung flow list …": { noun, verb }; those of one call say which.
const commands = () => spawnSync(KHUNG, ['help', '--lang', 'en'], { encoding: 'utf8' }).stdout.split('\n').filter((l) => l.startsWith('khung '))
  .map((l) => /^khung ([a-z-]+)(?: ([a-z-]+))?/.exec(l)).map(([, noun, verb]) => (verb ? `${noun} ${verb}` : noun));
const calls = () => new Map([...source('core/cli/cli_calls.c').matchAll(/^ {4}\{"([a-z-]+)", "([a-z-]*)", "([a-z_.]+)"/gm)].map(([, noun, verb, call]) => [verb ? `${noun} ${verb}` : noun, call]));

test('each route of the program stands in the table of routes, with the call that it makes', () => {
  const own = [...source('core/http/routes.c').matchAll(/\{"([A-Z]+)", "([^"]+)", "([a-z_.]+)"/g)];
  assert.ok(own.length > 100, `${own.length}`);
  for (const [, method, path, call] of own) {
    const op = `${method} ${path.replace(/:([a-z]+)/g, '{$1}')}`;
    assert.ok(ROUTES[op], `${op} stands not in tests/lib/routes.mjs`);
    const told = (ROUTES[op].may ?? []).map((line) => line[3]).filter(Boolean);
    assert.ok(told.length === 0 || told.includes(call), `${op} calls ${call}, not ${told}`);
  }
});

test('each command has a route, or a reason why not', () => {
  const all = [...new Set(commands())], called = calls(), routed = routeCalls();
  assert.ok(all.length > 100 && called.size > 80 && routed.size > 100, `${all.length} ${called.size} ${routed.size}`);
  for (const command of all) {
    const told = COMMANDS[command];
    if (called.has(command) && routed.has(called.get(command))) continue;
    assert.ok(told, `khung ${command} has no route and no reason`);
    assert.ok(told.why?.length > 10 || told.routes.length, command);
    for (const route of told.routes ?? []) assert.ok(isRoute(route), `khung ${command}: ${route} is no route`);
  }
  for (const command of Object.keys(COMMANDS)) assert.ok(all.includes(command), `there is no khung ${command}`);
  for (const command of called.keys()) assert.ok(all.includes(command), `khung ${command} stands in no help`);
});

test('each function of the API has a route, or a reason why not', () => {
  const routed = routeCalls(), names = new Set();
  const walk = (dir) => readdirSync(join(TOP, dir), { withFileTypes: true }).forEach((e) => {
    if (e.isDirectory()) walk(join(dir, e.name));
    else if (e.name.endsWith('.c')) for (const m of source(join(dir, e.name)).matchAll(/^ {4}\{"([a-z]+(?:\.[a-z_]+)+)", [a-z_]+,[^{}]*(?:\{[^{}]*\}[^{}]*)*\bAPI_[A-Z]+,/gm)) names.add(m[1]);
  });
  walk('core');
  assert.ok(names.size > 180, `${names.size}`);
  for (const name of names) assert.ok(routed.has(name) || FUNCTIONS.some(([pattern]) => pattern.test(name)), `${name} has no route and no reason`);
  for (const call of routed) assert.ok(names.has(call) || /_functions|\(/.test(call), `a route calls ${call}, which is not described`);
  for (const [pattern] of FUNCTIONS) assert.ok([...names].some((n) => pattern.test(n) && !routed.has(n)), `${pattern} is of nothing`);
});
