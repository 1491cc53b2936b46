// Pages of one's own in a real browser (Debian's Chromium): by the keyboard alone, on a phone's width, light and dark, in both
// languages. What they take and refuse: page_notice.test.mjs. SHOTS=FOLDER keeps pictures of them.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { PASSWORD, setPassword, totp } from '../lib/browser.mjs';
import { Chromium, faults, isCut, login, shot } from '../lib/chromium.mjs';

const SOURCE = flow('ask', 'return run:ask { to = person(input.to), title = input.title }').replace('title = "ask" }', 'title = "ask", input = { to = "text!", title = "text!" } }');

describe('pages of one\'s own in a browser', () => {
  let s, chrome;
  const path = (page) => new URL(page.url()).pathname;
  const ask = async (to, title) => (await s.open(await s.startFlow('t.ask', { to, title })))[0].id;
  // Tab until the focus is on what is sought; then a key.
  const press = async (page, selector, key = 'Enter') => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((sel) => document.activeElement?.matches(sel), selector)) return page.keyboard.press(key);
    }
    throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`);
  };
  before(async () => {
    s = await office(SOURCE);
    for (const name of ['hoa', 'dao', 'tam']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    }
    chrome = await Chromium.start();
  });
  after(async () => {
    await chrome?.stop();
    await s?.stop();
  });

  it('one reads notices and marks them by the keyboard alone', async () => {
    const id = await ask('hoa', 'Duyệt kế hoạch quý I'), page = await chrome.visitor(s, { lang: 'vi' });
    await ask('hoa', 'Thanh toán công tác phí');
    await login(page, 'hoa', PASSWORD);
    assert.equal((await page.textContent('header [href="/notices"]')).replace(/\s+/g, ' '), 'Thông báo 2 chưa đọc');
    await press(page, 'header [href="/notices"]');
    await page.waitForURL('**/notices');
    await press(page, `main [href="/tasks/${id}"]`);
    await page.waitForURL('**/tasks/*');
    await page.goBack();
    assert.equal(await page.locator('li.new').count(), 2);
    await press(page, 'li.new:last-child button');
    await page.waitForURL('**/notices?done=read');
    assert.match(await page.textContent('[role=status]'), /Đã đánh dấu là đã đọc/);
    assert.equal(await page.locator('li.new').count(), 1);
    await press(page, 'form:has([value=all]) button');
    await page.waitForURL('**/notices?done=read_all');
    assert.equal(await page.locator('li.new').count(), 0);
    assert.equal(await page.textContent('header [href="/notices"]'), 'Thông báo');
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  it('one says by the keyboard how one wants to be told', async () => {
    const page = await chrome.visitor(s);
    await login(page, 'hoa', PASSWORD, '/login?next=/account');
    await press(page, '[href="/account/notices"]');
    await page.waitForURL('**/account/notices');
    await press(page, '[name="way.task.reminded"]', 'ArrowDown');
    await press(page, '[name=quiet_from]', '0');
    await page.keyboard.type('930PM'); // with twelve hours or twenty-four, as the browser has it
    const from = await page.inputValue('#quiet_from');
    assert.match(from, /^(09|21):30$/);
    await press(page, 'form:has([value=wishes]) button');
    await page.waitForURL('**/account/notices?done=wishes');
    assert.match(await page.textContent('[role=status]'), /have been stored/);
    const wishes = await s.must('notice', 'preferences', '--as', 'hoa');
    assert.deepEqual([wishes.ways['task.reminded'], wishes.quiet_from], ['digest', from]);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  it('one puts the second factor on by what the page shows, logs in by it, and takes it off', async () => {
    const page = await chrome.visitor(s, { lang: 'vi', width: 360, script: false });
    await login(page, 'dao', PASSWORD, '/login?next=/account');
    await page.click('text=Thiết lập xác thực hai lớp');
    await page.fill('#present', 'sai mật khẩu');
    await page.press('#present', 'Enter');
    assert.match(await page.textContent('[role=alert]'), /không đúng/);
    await page.fill('#present', PASSWORD);
    await page.press('#present', 'Enter');
    const key = (await page.textContent('.key')).replace(/ /g, '');
    const box = await page.locator('.qr').boundingBox();
    assert.ok(box.width >= 200 && Math.abs(box.width - box.height) < 2, JSON.stringify(box));
    await page.fill('#code', '000000');
    await page.press('#code', 'Enter');
    assert.match(await page.textContent('[role=alert]'), /Mã này sai/);
    await page.fill('#code', totp(key));
    await page.press('#code', 'Enter');
    assert.equal(await page.textContent('h1'), 'Mã khôi phục của bạn');
    assert.equal(await page.locator('.codes li').count(), 10);
    await page.click('header button');
    await login(page, 'dao', PASSWORD, '/login?next=/account');
    await page.fill('#code', totp(key, Date.now() + 30000));
    await page.press('#code', 'Enter');
    assert.equal(path(page), '/account');
    await page.click('text=Tắt xác thực hai lớp');
    await page.fill('#present', PASSWORD);
    await page.press('#present', 'Enter');
    assert.match(await page.textContent('[role=status]'), /Đã tắt xác thực hai lớp/);
    await page.context().close();
  });

  it('no page has a fault that axe finds, is cut on a phone, or asks another host', async () => {
    for (let i = 0; i < 21; i++) await ask('tam', `Duyệt báo cáo tháng ${i + 1} của Hội Liên hiệp Phụ nữ`);
    await s.must('user', 'token', 'tam', '--label', 'Đồng bộ báo cáo', '--scope', 'report.*', '--days', '30');
    await s.must('user', 'token', 'tam');
    await s.must('notice', 'follow', '--as', 'tam', '--type', 't.note', '--unit', 'north');
    for (const [lang, width, dark] of [['vi', 360], ['en', 1280], ['vi', 1280, true], ['en', 360, true]]) {
      const page = await chrome.visitor(s, { lang, width, dark });
      const look = async (name) => {
        await shot(page, `${name}-${lang}-${width}${dark ? '-dark' : ''}`);
        assert.deepEqual(await faults(page), [], `${name} ${lang} ${width}`);
        assert.equal(await isCut(page), false, `${name} ${lang} ${width}`);
      };
      await login(page, 'tam', PASSWORD);
      for (const name of ['notices', 'account', 'account/notices', 'account/tokens', 'account/totp']) {
        await page.goto(`/${name}`);
        await look(name.replace('/', '-'));
      }
      await page.fill('#present', 'wrong');
      await page.press('#present', 'Enter');
      await look('totp-wrong');
      await page.fill('#present', PASSWORD);
      await page.press('#present', 'Enter');
      const key = (await page.textContent('.key')).replace(/ /g, '');
      await look('totp-key');
      await page.fill('#code', '1');
      await page.press('#code', 'Enter');
      await look('totp-code');
      await page.fill('#code', totp(key));
      await page.press('#code', 'Enter');
      await look('totp-codes');
      await page.goto('/account/totp');
      await look('totp-on');
      await page.fill('#present', PASSWORD);
      await page.press('#present', 'Enter');
      await look('account-done');
      await page.goto('/account/notices');
      await page.click('form:has([value=calendar]) button');
      await look('calendar');
      await page.goto('/notices');
      await page.click('li.new button');
      await look('notices-read');
      assert.deepEqual([...new Set(page.asked.map((u) => new URL(u).host))], [`127.0.0.1:${s.port}`]);
      assert.deepEqual(page.errors.filter((e) => !/status of 4\d\d/.test(e)), []);
      await page.context().close();
    }
  });
});
