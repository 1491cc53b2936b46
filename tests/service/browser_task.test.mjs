// Files, searches for persons and units, and decisions about several tasks, in Chromium: with and without scripts, by the keyboard alone, in
// both languages, on a phone's width. SHOTS=FOLDER keeps pictures.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flow, office } from '../lib/office.mjs';
import { PASSWORD, setPassword } from '../lib/browser.mjs';
import { Chromium, faults, isCut, login, shot } from '../lib/chromium.mjs';

const FORM = `form = { decision = { "choice:approve,return!", order = 1 }, scan = { "file!", types = { "application/pdf", "image/*" }, title = { vi = "Bản quét", en = "Scan" }, help = { vi = "Bản có chữ ký.", en = "The signed one." } },
  more = { "list:file", title = { vi = "Tài liệu khác", en = "Other papers" } }, whom = { "person!", title = { vi = "Người phụ trách", en = "Person in charge" } }, place = { "unit", title = { vi = "Đơn vị", en = "Unit" } } }`;
const SOURCE = [
  flow('scan', `return run:ask { to = { person("hoa"), person("lan") }, title = "Nộp hồ sơ", help = "Xem kỹ.", within = "2d", ${FORM} }`),
  flow('small', 'return run:ask { to = { person("hoa"), person("lan") }, title = "Thanh toán công tác phí " .. input.n, within = "3d" }').replace('title = "small" }', 'title = "small", input = { n = "integer!" } }'),
  flow('vote', 'return run:vote { voters = { person("hoa"), person("dao") }, secret = true, title = "Bầu chủ nhiệm", threshold = "50%", within = "3d" }'),
].join('\n');

describe('tasks in a browser', () => {
  let s, chrome, pdf, text;
  const task = async (name = 'scan', input = {}) => (await s.open(await s.startFlow(`t.${name}`, input)))[0];
  const visit = async (options, who = 'lan', path = '/login') => {
    const page = await chrome.visitor(s, options);
    await login(page, who, PASSWORD, path);
    return page;
  };
  before(async () => {
    s = await office(SOURCE, { config: { file_max: 64 << 10 } });
    await s.org({ persons: [['hoa', 'Nguyễn Thị Hoa'], ['mai', 'Lê Thị Mai'], ['lan', 'Trần Thị Lan'], ['x1', 'Phạm Thị Mai Hương']].map(([code, name]) => ({ code, name, email: `${code}@example.org` })) });
    for (const name of ['hoa', 'lan']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    }
    [pdf, text] = [join(s.dir, 'bản quét.pdf'), join(s.dir, 'note.txt')];
    writeFileSync(pdf, `%PDF-1.7\n${'x'.repeat(20000)}`);
    writeFileSync(text, 'plain');
    writeFileSync(join(s.dir, 'big.pdf'), `%PDF-1.7\n${'x'.repeat(200000)}`);
    chrome = await Chromium.start();
  });
  after(async () => {
    await chrome?.stop();
    await s?.stop();
  });

  for (const script of [true, false])
    it(`a file is chosen, refused, chosen anew and kept ${script ? 'with' : 'without'} scripts`, async () => {
      const { id, run } = await task(), page = await visit({ script, width: 360 }, 'lan', `/login?next=/tasks/${id}`);
      await page.setInputFiles('#f-scan', join(s.dir, 'big.pdf'));
      await page.setInputFiles('#f-more', [text, pdf]);
      await page.fill('#f-whom', 'huong');
      await page.check('[name=decision][value=approve]');
      await page.click('text=Send the decision');
      assert.equal(await page.textContent('#f-scan-wrong'), '“Scan”: the file big.pdf is too large.');
      assert.match(await page.textContent('#f-scan-help'), /The signed one\. At most 64 KB a file\. Allowed: PDF, pictures\./);
      assert.equal(await page.isChecked('[name=decision][value=approve]'), true);
      await page.setInputFiles('#f-scan', text);
      await page.click('text=Send the decision');
      assert.equal(await page.textContent('#f-scan-wrong'), '“Scan”: note.txt is not of a type that is allowed here.');
      await page.setInputFiles('#f-scan', pdf);
      await page.uncheck('text=Keep note.txt');
      await page.click('text=Send the decision');
      assert.match(await page.textContent('[role=status]'), /Your answer has been stored/);
      const a = (await s.done(run)).result;
      assert.deepEqual([a.scan.name, a.more.map((f) => f.name)], ['bản quét.pdf', ['bản quét.pdf']]);
      assert.match(await page.textContent('main'), /bản quét\.pdf \(20 KB\)/);
      await page.context().close();
    });

  it('files are attached and taken away', async () => {
    const { id } = await task('small', { n: 0 }), page = await visit({ lang: 'vi', width: 360 }, 'hoa', `/login?next=/tasks/${id}`);
    await page.click('summary:has-text("Thêm ý kiến hoặc tệp")');
    await page.setInputFiles('#comment-files', [pdf, text]);
    await page.click('main form:has([value=comment]) > button');
    assert.match(await page.textContent('main'), /Tệp đính kèm[^]*bản quét\.pdf \(20 KB\)[^]*note\.txt/);
    await page.click('button:has-text("Gỡ bỏ note.txt")');
    assert.match(await page.textContent('[role=status]'), /Đã gỡ tệp đính kèm/);
    assert.equal(await page.locator('button:has-text("Gỡ bỏ")').count(), 1);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#attached + ul a')]);
    assert.equal(download.suggestedFilename(), 'bản quét.pdf');
    await page.context().close();
  });

  it('the keyboard alone finds and chooses a person, decides, and decides several', async () => {
    const { id, run } = await task(), page = await visit({ lang: 'vi', script: false }, 'lan', `/login?next=/tasks/${id}`);
    const to = async (selector) => {
      for (let i = 0; i < 80; i++) {
        if (await page.locator(`${selector}:focus`).count()) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`${selector} is not reached`);
    };
    await page.setInputFiles('#f-scan', pdf); // what a file chooser is, is the browser's
    await to('[name=decision][value=approve]');
    await page.keyboard.press('Space');
    await to('#f-whom');
    await page.keyboard.type('mai');
    await to('button[name=_find][value=whom]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.found');
    assert.equal(await page.evaluate('document.activeElement.name').catch(() => 'whom'), 'whom', 'what was found has the focus');
    assert.deepEqual(await page.locator('.found label').allInnerTexts(), ['Lê Thị Mai Head, Xã Bắc', 'Phạm Thị Mai Hương']);
    await to('[name=whom]');
    await page.keyboard.press('ArrowDown');
    await to('main form:has([value=decide]) > button');
    await page.keyboard.press('Enter');
    assert.match(await page.textContent('[role=status]'), /đã được lưu/);
    const persons = await s.must('org', 'persons', '--code', 'x1');
    assert.equal((await s.done(run)).result.whom, persons[0].id);
    const several = [await task('small', { n: 1 }), await task('small', { n: 2 })];
    await page.goto('/tasks');
    for (const t of several) {
      await to(`[name=task][value="${t.id}"]`);
      await page.keyboard.press('Space');
    }
    await to('form[action="/tasks/decide"] > button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[name=decision]');
    await to('[name=decision][value=approve]');
    await page.keyboard.press('Space');
    await to('[name=_step][value=ask]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[value=do]');
    assert.match(await page.textContent('main'), /Gửi 2 quyết định/);
    await to('[name=_step][value=do]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=status]');
    assert.match(await page.textContent('[role=status]'), /Đã lưu 2 câu trả lời/);
    for (const t of several) assert.equal((await s.done(t.run)).result.decision, 'approve');
    await page.context().close();
  });

  it('somebody without an account hands a file in by a link, on a phone', async () => {
    const { id, run } = await task(), { path } = await s.must('task', 'link', id, 'hoa'), page = await chrome.visitor(s, { lang: 'vi', width: 360 });
    await page.goto(path);
    await page.setInputFiles('#f-scan', pdf);
    await page.fill('#f-whom', 'mai');
    await page.click('button[name=_find][value=whom]');
    assert.equal(await page.isChecked('text=Giữ bản quét.pdf'), true);
    assert.equal(await page.isChecked('[name=whom]'), true, 'one alone: of those who hold a position');
    await page.check('[name=decision][value=return]');
    await page.click('text=Xác nhận và gửi');
    assert.match(await page.textContent('h1'), /cảm ơn/);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.decision, a.scan.name], ['return', 'bản quét.pdf']);
    await page.context().close();
  });

  it('no page of these has a fault that axe finds, or is cut on a phone', async () => {
    const { id } = await task(), link = (await s.must('task', 'link', id, 'hoa')).path, vote = (await s.open(await s.startFlow('t.vote'), 2))[0];
    await task('small', { n: 3 });
    await task('small', { n: 4 });
    for (const [lang, width, dark] of [['vi', 360], ['en', 1280], ['vi', 1280, true], ['en', 360, true]]) {
      const page = await visit({ lang, width, dark });
      const look = async (name) => {
        await shot(page, `${name}-${lang}-${width}${dark ? '-dark' : ''}`);
        assert.deepEqual(await faults(page), [], `${name} ${lang} ${width}`);
        assert.equal(await isCut(page), false, `${name} ${lang} ${width}`);
      };
      await look('inbox');
      await page.goto(`/tasks/${id}`);
      await page.setInputFiles('#f-scan', text);
      await page.setInputFiles('#f-more', [text, pdf]);
      await page.fill('#f-whom', 'mai');
      await page.click('main form:has([value=decide]) > button');
      while (await page.locator('details:not([open]) > summary').count()) await page.locator('details:not([open]) > summary').first().click();
      await look('task-wrong');
      await page.fill('#f-place', 'xa');
      await page.click('main form:has([value=decide]) [name=_find][value=place]');
      await look('task-found');
      await page.click('summary:has-text("' + (lang === 'vi' ? 'Chuyển hỏi' : 'Ask others') + '")');
      await page.fill('#reassign-unit', 'xa');
      await page.click('main form:has([value=reassign]) [name=_find][value=unit]');
      await look('task-reassign');
      await page.goto(link);
      await look('link');
      await page.goto('/tasks');
      for (const box of await page.locator('[name=task]').all()) await box.check();
      await page.click('form[action="/tasks/decide"] > button');
      await look('bulk');
      await page.click('[value=ask]');
      await look('bulk-wrong');
      await page.check('[name=decision][value=approve]');
      await page.click('[value=ask]');
      await look('bulk-confirm');
      await page.context().clearCookies();
      await login(page, 'hoa', PASSWORD, `/login?next=/tasks/${vote.id}`);
      await look('vote');
      assert.deepEqual([...new Set(page.asked.map((u) => new URL(u).host))], [`127.0.0.1:${s.port}`]);
      assert.deepEqual(page.errors.filter((e) => !/status of 4\d\d/.test(e)), []);
      await page.context().close();
    }
  });
});
