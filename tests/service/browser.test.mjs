// The pages in a real browser (Debian's Chromium): with and without scripts, in both languages, on a phone's width.
// SHOTS=FOLDER keeps pictures of them.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { flow, office } from '../lib/office.mjs';
import { OTHER, PASSWORD, browser, setPassword, totp } from '../lib/browser.mjs';
import { Chromium, faults, isCut, login, shot } from '../lib/chromium.mjs';
import { Sink } from '../lib/sink.mjs';

const SOURCE = [
  `content.type("news", { fields = { title = { "text!", title = { vi = "Tiêu đề", en = "Title" } }, body = { "markdown", title = { vi = "Nội dung", en = "Text" } },
  households = { "integer", title = { vi = "Số hộ được giúp", en = "Households helped" } }, day = { "date", title = { vi = "Ngày", en = "Day" } } }, title = "title" })
flow.define("write", { title = "write" }, function(run)
  return content.create("news", { title = "Dấu ấn từ các phong trào thi đua", body = "Các cấp hội đã giúp 12.226 hộ.\\n\\nĐoạn hai.", households = 12226, day = "2021-01-04" }).id
end)
flow.define("edit", { title = "edit", input = { item = "integer!", body = "text!" } }, function(run, input) content.edit(content.get("news", input.item), { body = input.body }) end)
flow.define("review", { title = "review", input = { item = "integer!" } }, function(run, input)
  local item = content.get("news", input.item)
  return run:ask { to = person("hoa"), title = "Duyệt bài: " .. item.title, help = "Xem kỹ số liệu.", about = item, within = "2d", part = { "title", "body" },
    form = { decision = { "choice:approve,return!", order = 1 }, score = { "integer!", min = 0, max = 100, title = { vi = "Điểm", en = "Score" }, help = { vi = "Từ 0 đến 100.", en = "From 0 to 100." } },
      day = { "date", title = { vi = "Ngày đăng", en = "Day of publication" } }, front = { "boolean", title = { vi = "Đưa lên trang đầu?", en = "On the front page?" } }, note = { "text", title = { vi = "Ghi chú", en = "Note" } } } }
end)`,
  flow('small', 'return run:ask { to = person("hoa"), title = "<img src=x onerror=alert(1)> Thanh toán công tác phí", within = "1s", on_timeout = "escalate", escalate = { position = "head", unit = unit("province") } }'),
].join('\n');

describe('in a browser', () => {
  let s, sink, chrome, item;
  const secrets = {};
  const visit = async (options) => {
    const page = await chrome.visitor(s, options);
    page.on('dialog', (d) => { page.errors.push(`dialog ${d.message()}`); d.dismiss(); });
    return page;
  };
  const path = (page) => new URL(page.url()).pathname;
  const task = async () => (await s.open(await s.startFlow('t.review', { item })))[0];
  before(async () => {
    sink = await Sink.start();
    s = await office(SOURCE, { config: { mail_server: `smtp://127.0.0.1:${sink.port}`, mail_tls: 'off', mail_from: 'khung@example.org' } });
    await s.org({ persons: [{ code: 'hoa', name: 'Nguyễn Thị Hoa', email: 'hoa@example.org' }] });
    for (const name of ['hoa', 'dao', 'tam', 'chi']) {
      await s.must('user', 'add', name, '--person', name);
      assert.equal((await setPassword(s, name, PASSWORD)).code, 0);
    }
    for (const name of ['dao', 'chi']) {
      const b = browser(s);
      await b.login(name, PASSWORD);
      secrets[name] = (await b.send('POST', '/auth/totp', { present: PASSWORD })).json.secret;
      assert.equal((await b.send('POST', '/auth/totp/confirm', { code: totp(secrets[name]) })).status, 200);
    }
    item = (await s.done(await s.startFlow('t.write'))).result;
    await s.startFlow('t.small');
    chrome = await Chromium.start();
  });
  after(async () => {
    await chrome?.stop();
    await s?.stop();
    sink?.stop();
  });

  for (const script of [false, true])
    it(`one logs in ${script ? 'with' : 'without'} scripts, after a wrong password too, and gets to where one wanted to go`, async () => {
      const page = await visit({ script });
      await login(page, 'hoa', 'not the password', '/account');
      assert.equal(path(page), '/login');
      assert.match(await page.textContent('[role=alert]'), /Name or password is wrong/);
      assert.equal(await page.inputValue('#name'), 'hoa');
      assert.equal(await page.inputValue('#password'), '');
      await page.fill('#password', PASSWORD);
      await page.press('#password', 'Enter');
      assert.equal(path(page), '/account');
      assert.equal(await page.textContent('h1'), 'Your account');
      await page.click('text=Log out >> nth=0');
      assert.equal(path(page), '/login');
      await page.goto('/tasks');
      assert.equal(path(page), '/login');
      await page.context().close();
    });

  it('a second factor is asked for by itself', async () => {
    const page = await visit({ lang: 'vi', script: false });
    await login(page, 'dao', PASSWORD, '/login?next=/account');
    assert.equal(await page.textContent('h1'), 'Còn một bước nữa');
    assert.ok((await page.context().cookies()).every((c) => c.name !== 'khung'), 'no session yet');
    await page.fill('#code', '000000');
    await page.click('main button');
    assert.match(await page.textContent('[role=alert]'), /Mã này sai/);
    await page.click('text=English');
    assert.equal(await page.textContent('h1'), 'One more step');
    await page.fill('#code', totp(secrets.dao, Date.now() + 30000)); // newer than the one before
    await page.click('main button');
    assert.equal(path(page), '/account');
    assert.match(await page.textContent('main'), /password and a code/);
    // What is kept between the two steps is no login of its own, and gone afterwards.
    assert.deepEqual((await page.context().cookies()).map((c) => c.name).sort(), ['khung', 'khung-csrf', 'khung-lang']);
    await page.context().close();
  });

  it('the second step alone is refused, late, changed, or after another password', async () => {
    const page = await visit();
    await page.goto('/login/code');
    assert.match(await page.textContent('[role=alert]'), /took too long/);
    await login(page, 'chi', PASSWORD);
    const [step] = (await page.context().cookies()).filter((c) => c.name === 'khung-step');
    await page.context().addCookies([{ ...step, value: `${step.value.slice(0, -4)}AAAA` }]);
    await page.fill('#code', totp(secrets.chi, Date.now() + 30000));
    await page.click('main button');
    assert.match(await page.textContent('[role=alert]'), /took too long/);
    await page.context().addCookies([step]);
    await page.goto('/login/code');
    await setPassword(s, 'chi', OTHER);
    await page.fill('#code', totp(secrets.chi, Date.now() + 30000));
    await page.click('main button');
    assert.match(await page.textContent('[role=alert]'), /Name or password is wrong/);
    assert.ok((await page.context().cookies()).every((c) => c.name !== 'khung'));
    await page.context().close();
  });

  it('a forgotten password is set anew by a mail', async () => {
    const page = await visit({ lang: 'vi', script: false });
    await page.goto('/login');
    await page.click('text=Quên mật khẩu?');
    await page.fill('#name', 'tam');
    await page.click('main button');
    assert.equal(await page.textContent('h1'), 'Hãy xem hộp thư của bạn');
    const [mail] = await sink.until(1, (m) => m.to[0] === 'tam@example.org');
    await page.goto(new URL(/https?:\/\/\S+\/auth\/reset\/\S+/.exec(mail.text)[0]).pathname);
    assert.match(await page.textContent('h1'), /Mật khẩu mới cho tam/);
    await page.fill('#password', 'ngắn');
    await page.click('main button');
    assert.match(await page.textContent('[role=alert]'), /quá ngắn/);
    await page.fill('#password', OTHER);
    await page.click('main button');
    await page.click('main a');
    await page.fill('#name', 'tam');
    await page.fill('#password', OTHER);
    await page.click('main button');
    assert.equal(path(page), '/tasks');
    assert.match(await page.textContent('main'), /Hiện không có việc nào/);
    await page.context().close();
  });

  it('one decides a task: what is wrong stands by its field, what was typed stays', async () => {
    const { id, run } = await task(), page = await visit({ script: false });
    await login(page, 'hoa', PASSWORD);
    await page.click(`a[href="/tasks/${id}"]`);
    assert.match(await page.textContent('.text'), /Dấu ấn từ các phong trào thi đua/);
    assert.match(await page.textContent('main'), /From 0 to 100\./);
    await page.fill('#f-score', '101');
    await page.fill('#f-note', 'Hai\ndòng');
    await page.fill('#f-day', '2021-01-04');
    await page.check('[name=front][value=false]');
    await page.click('text=Send the decision');
    assert.equal(path(page), `/tasks/${id}`);
    assert.deepEqual(await page.locator('[role=alert] a').allTextContents(), ['“Decision” is missing.', '“Score” is outside the range that is allowed.']);
    await page.click('[role=alert] a >> nth=1');
    assert.equal(await page.locator('#f-score').getAttribute('aria-invalid'), 'true');
    assert.equal(await page.textContent('#f-score-wrong'), '“Score” is outside the range that is allowed.');
    assert.deepEqual([await page.inputValue('#f-score'), await page.inputValue('#f-note'), await page.inputValue('#f-day'), await page.isChecked('[name=front][value=false]')], ['101', 'Hai\ndòng', '2021-01-04', true]);
    await page.fill('#f-score', '99');
    await page.check('text=Approve');
    await page.click('text=Send the decision');
    assert.match(await page.textContent('[role=status]'), /Your answer has been stored/);
    const a = (await s.done(run)).result;
    assert.deepEqual([a.decision, a.score, a.front, a.note.replace(/\r/g, '')], ['approve', 99, false, 'Hai\ndòng']);
    await page.context().close();
  });

  it('one takes a task on, lets it go, adds a remark, hands it on', async () => {
    const { id } = await task(), page = await visit();
    await login(page, 'hoa', PASSWORD, `/tasks/${id}`);
    const press = async (summary, button, fill = {}) => {
      await page.click(`summary:has-text("${summary}")`);
      const act = page.locator(`details:has(summary:has-text("${summary}"))`);
      for (const [name, text] of Object.entries(fill)) await act.locator(`[name=${name}]`).fill(text);
      await act.locator(`button:has-text("${button}")`).click();
    };
    await press('Take it on', 'Take it on');
    assert.match(await page.textContent('main'), /Taken on by Nguyễn Thị Hoa/);
    await press('Let go of it', 'Let go of it');
    await press('Add a remark', 'Add it', { text: 'Look at the <i>figures</i>' });
    await press('Hand it to somebody else', 'Hand it over', { _person_person: 'nobody' });
    assert.match(await page.textContent('[role=alert]'), /nobody/);
    assert.equal(await page.inputValue('#delegate-person'), 'nobody', 'folded open again, with what was typed');
    await page.fill('#delegate-person', 'tam');
    await page.click('text=Hand it over');
    assert.match(await page.textContent('[role=status]'), /handed over/);
    assert.match(await page.textContent('ul.list'), /Taken on[^]*Let go of[^]*Remark[^]*Look at the <i>figures<\/i>[^]*Handed to somebody else[^]*Tam/);
    assert.deepEqual(page.errors.filter((e) => !/status of 4\d\d/.test(e)), []);
    await page.context().close();
  });

  it('what was changed meanwhile is shown, and not decided unseen', async () => {
    const { id } = await task(), page = await visit({ lang: 'vi' });
    await login(page, 'hoa', PASSWORD, `/tasks/${id}`);
    await page.fill('#f-score', '5');
    await page.check('text=Duyệt >> nth=-1');
    await s.done(await s.startFlow('t.edit', { item, body: 'Các cấp hội đã giúp 12.227 hộ.' }));
    await page.click('text=Gửi quyết định');
    assert.match(await page.textContent('[role=alert]'), /Văn bản đã được sửa sau khi bạn xem/);
    assert.match(await page.textContent('del'), /12\.226/);
    assert.match(await page.textContent('ins'), /12\.227/);
    await shot(page, 'changed-vi-1280');
    assert.equal((await s.must('task', 'show', id)).state, 'open');
    await page.click('text=Gửi quyết định');
    assert.match(await page.textContent('[role=status]'), /đã được lưu/);
    await page.context().close();
  });

  it('the language is switched on every page, and stays', async () => {
    const page = await visit({ lang: 'vi', script: false });
    await page.goto('/login');
    assert.equal(await page.getAttribute('html', 'lang'), 'vi');
    await page.click('text=English');
    assert.equal(await page.getAttribute('html', 'lang'), 'en');
    await login(page, 'hoa', PASSWORD);
    assert.equal(await page.textContent('h1'), 'Your tasks');
    await page.goto('/tasks/1');
    await page.click('text=Tiếng Việt');
    assert.equal(path(page), '/tasks/1');
    assert.match(await page.textContent('[role=alert]'), /Không có việc/);
    await page.context().close();
  });

  it('a session that is ended elsewhere is over at the next click', async () => {
    const here = await visit(), there = await visit();
    await login(there, 'hoa', PASSWORD);
    await login(here, 'hoa', PASSWORD, '/account');
    await here.click('text=Log out everywhere else');
    assert.match(await here.textContent('[role=status]'), /All other places were logged out/);
    await there.click('text=Account');
    assert.equal(path(there), '/login');
    assert.equal(await here.locator('text=Log out there').count(), 0);
    await here.context().close();
    await there.context().close();
  });

  it('no page has a fault that axe finds, is cut on a phone, asks another host, or runs what others wrote', async () => {
    const { id } = await task();
    const link = (await s.must('task', 'link', id, 'hoa')).path, setup = new URL((await s.must('user', 'setup-link')).link).pathname;
    for (const [lang, width, dark] of [['vi', 320], ['en', 1280], ['vi', 1280, true], ['en', 320, true]]) {
      const page = await visit({ lang, width, dark });
      const look = async (name) => {
        await shot(page, `${name}-${lang}-${width}${dark ? '-dark' : ''}`);
        assert.deepEqual(await faults(page), [], `${name} ${lang} ${width}`);
        assert.equal(await isCut(page), false, `${name} ${lang} ${width}`);
      };
      for (const [name, to] of [['login', '/login'], ['forgot', '/login/forgot'], ['setup', setup], ['link', link], ['bad-link', '/t/x'], ['bad-reset', '/auth/reset/x']]) {
        await page.goto(to);
        await look(name);
      }
      await login(page, 'hoa', 'wrong');
      await look('login-wrong');
      await login(page, 'hoa', PASSWORD);
      await look('inbox');
      await page.goto(`/tasks/${id}`);
      for (const d of await page.locator('summary').all()) await d.click();
      await look('task');
      await page.click('main form:has([value=decide]) button');
      await look('task-wrong');
      await page.goto('/account');
      await look('account');
      await page.goto('/tasks/1');
      await look('none');
      const hosts = new Set(page.asked.map((u) => new URL(u).host));
      assert.deepEqual([...hosts], [`127.0.0.1:${s.port}`]);
      assert.deepEqual(page.errors.filter((e) => !/status of 4\d\d/.test(e)), []);
      await page.context().close();
    }
  });
});
