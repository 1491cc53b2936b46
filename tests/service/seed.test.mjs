// The document that the project was asked for from, where it stands beside the checkout: it is imported as it is, and the
// lint finds its three faults and no others.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TOP, folder, serve } from '../lib/khung.mjs';

const SEED = join(TOP, '../shared/seed.txt');
const EXAMPLE = join(TOP, 'examples/thanh-hoa');

describe('the seed', { skip: existsSync(SEED) ? false : 'shared/seed.txt is not there' }, () => {
  it('is imported, and its three faults are found', async () => {
    const s = await serve({
      dir: folder(),
      plugins: `${TOP}/plugins:${EXAMPLE}/plugins`,
      config: { settings: join(EXAMPLE, 'settings.json') },
    });
    await s.must('org', 'import', join(EXAMPLE, 'org.json'));
    await s.must('content', 'import', 'article', SEED, '--with', 'thanh_hoa.import', '--as', 'ctv');
    const [item] = await s.must('content', 'list', 'article');
    assert.ok(item.title.startsWith('Thanh Hóa: Đổi mới, sáng tạo'), item.title);
    const findings = await s.must('content', 'lint', String(item.id));
    assert.ok(findings.some((f) => f.text.includes('các nhân')), 'các nhân');
    assert.ok(findings.some((f) => f.text.includes('COVID - 19')), 'COVID - 19');
    assert.ok(findings.some((f) => /repeat/.test(f.rule)), 'a paragraph told twice');
    assert.equal(findings.length, 3, JSON.stringify(findings.map((f) => [f.rule, f.text])));
    await s.stop();
  });
});
