// The page of a text in a real browser (Debian's Chromium): on a phone's width, light and dark, in both languages, by the
// keyboard; its picture is drawn. What it takes and refuses: page_text.test.mjs. SHOTS=FOLDER keeps pictures.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { office } from '../lib/office.mjs';
import { PASSWORD, setPassword } from '../lib/browser.mjs';
import { Chromium, faults, isCut, login, shot } from '../lib/chromium.mjs';

const SOURCE = `content.type("memo", { fields = { title = "text!", body = "text", day = "date", amount = "integer" }, title = "title", unit = true, approval = true,
  label = { vi = "Tờ trình", en = "Proposal" } })
route.get("/pic.svg", { title = "pic" }, function(req)
  return { svg = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="90" viewBox="0 0 300 90"><rect x="5" y="5" width="290" height="80" fill="none" stroke="#888"/></svg>' }
end)
flow.define("review", { title = "review", input = { item = "integer!" } }, function(run, input)
  return run:ask { to = { position = "head", unit = people.unit("north") }, title = "Duyệt tờ trình", about = content.get("memo", input.item), within = "3d", see = "/x/t/pic.svg" }
end)`;

describe('the page of a text in a browser', () => {
  let s, chrome, id;
  before(async () => {
    s = await office(SOURCE, { needs: '{ "flow", "storage", "content", "content:publish", "people", "route" }' });
    for (const name of ['mai', 'lan']) {
      await s.as(name)('GET', '/api/inbox');
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    }
    const unit = (await s.must('org', 'units')).find((u) => u.code === 'north').id;
    const made = await s.as('lan')('POST', '/api/content/memo', { title: 'Đề án hỗ trợ phụ nữ khởi nghiệp năm 2021', body: 'Kinh phí do tỉnh cấp.\nThời gian: quý I.', day: '04/01/2021', amount: 12226, unit });
    id = made.json.id;
    await s.as('lan')('PATCH', `/api/content/memo/${id}`, { body: 'Kinh phí do tỉnh và huyện cấp.\nThời gian: quý II.' }, { 'if-match': '*' });
    await s.as('lan')('POST', `/api/content/memo/${id}/submit`);
    await s.open(await s.startFlow('t.review', { item: id }));
    chrome = await Chromium.start();
  });
  after(async () => {
    await chrome?.stop();
    await s?.stop();
  });

  it('is readable on a phone and on a desk, in both languages, light and dark', async () => {
    for (const [lang, width, dark] of [['vi', 390, false], ['en', 390, true], ['vi', 1280, false], ['en', 1280, false]]) {
      const page = await chrome.visitor(s, { lang, width, dark });
      await login(page, 'mai', PASSWORD, `/login?next=/texts/${id}`);
      await page.waitForURL((url) => url.pathname === `/texts/${id}`);
      await page.goto(`/texts/${id}?from=1&to=2`);
      assert.equal(await isCut(page), false, `${lang} ${width}`);
      assert.ok(await page.locator('img.picture').evaluate((img) => img.complete && img.naturalWidth > 0), 'the picture is drawn');
      assert.deepEqual(await faults(page), [], `${lang} ${width}`);
      assert.deepEqual(page.errors, []);
      await shot(page, `text-${lang}-${width}`);
      await page.context().close();
    }
  });

  it('one approves by the keyboard, and sends back with a reason that was missing first', async () => {
    const page = await chrome.visitor(s, { lang: 'vi', width: 390 });
    await login(page, 'mai', PASSWORD, `/login?next=/texts/${id}`);
    await page.waitForURL((url) => url.pathname === `/texts/${id}`);
    await page.focus('form:has([value=approve]) button');
    await page.keyboard.press('Enter');
    await page.waitForURL('**?done=approve');
    assert.match(await page.textContent('[role=status]'), /Bản này đã được duyệt/);
    await page.click('summary:has-text("Trả lại người soạn")');
    await page.click('form:has([value=send_back]) button');
    await page.waitForSelector('[role=alert]');
    assert.deepEqual(await faults(page), []);
    assert.equal(await isCut(page), false);
    await shot(page, 'text-refused-vi-390');
    await page.fill('#send_back-reason', 'Thiếu số liệu');
    await page.click('form:has([value=send_back]) button');
    await page.waitForURL('**?done=send_back');
    assert.match(await page.textContent('main'), /Bản nháp[^]*Thiếu số liệu/);
    assert.deepEqual(page.errors.filter((e) => !/422/.test(e)), []);
    await page.context().close();
  });
});
