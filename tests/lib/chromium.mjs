// A real browser for tests: Debian's Chromium, led by playwright-core (npm, put into build/npm by scripts/setup).
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TOP } from './khung.mjs';

const tools = createRequire(join(TOP, 'build/npm/package.json'));
const { chromium } = tools('playwright-core');
const AXE = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.SHOTS; // a folder: pictures of the pages that `shot` is asked for

export class Chromium {
  static async start() {
    const c = new Chromium();
    // No name is looked up: what a page would load from elsewhere fails.
    c.browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] });
    return c;
  }

  // A visitor of their own: cookies, language, with or without scripts. `errors`: what the console said.
  async visitor(s, { lang = 'en', script = true, width = 1280, dark = false } = {}) {
    const context = await this.browser.newContext({ baseURL: `http://127.0.0.1:${s.port}`, locale: lang === 'vi' ? 'vi-VN' : 'en-GB',
      javaScriptEnabled: script, viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light' });
    context.setDefaultTimeout(30000);
    const page = await context.newPage();
    page.errors = [];
    page.asked = [];
    page.on('console', (m) => { if (m.type() === 'error') page.errors.push(m.text()); });
    page.on('request', (r) => page.asked.push(r.url()));
    return page;
  }

  stop() {
    return this.browser.close();
  }
}

export async function login(page, name, password, path = '/login') {
  await page.goto(path);
  await page.fill('#name', name);
  await page.fill('#password', password);
  await page.click('main button');
}

// What axe finds against WCAG 2.2 A and AA. It needs scripts; our pages allow none, so it is put in by the debugger.
export async function faults(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
}

// Does anything stick out to the side?
export const isCut = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

export async function shot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}
