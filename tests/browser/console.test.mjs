// The console in a real browser: each page in both languages, on a desk's
// screen and on a phone, and the things people do there.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { accessibility, contrast, overflow } from './page_checks.mjs';
import { openPage, screenshots, signIn, startBrowser, startSample } from './sample.mjs';

const DESK = { viewport: { width: 1366, height: 768 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2 };

let sample;
let browser;

before(async () => {
  [sample, browser] = await Promise.all([startSample(), startBrowser()]);
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await sample?.stop();
});

/** Every page, by the name of its screenshot. */
function pages() {
  return {
    home: '/',
    households: '/households',
    'households-none': '/households?q=zzzz',
    household: `/households/${sample.household}`,
    'household-conflict': `/households/${sample.conflicted}`,
    'household-hostile': `/households/${sample.hostile}`,
    visits: '/visits',
    visit: `/visits/${sample.visit}`,
    incidents: '/incidents',
    incident: `/incidents/${sample.incident}`,
    conflicts: '/conflicts',
    ledgers: '/ledgers',
    grid: `/grids/${sample.grid}`,
    'visit-map': `/grids/${sample.grid}/map`,
    card: `/people/${sample.worker}/card`,
    devices: '/devices',
    review: '/review',
    quarantine: '/quarantine',
  };
}

async function check(page, name) {
  for (const [what, rule] of Object.entries({ accessibility, contrast, overflow })) {
    assert.deepEqual(await page.evaluate(rule), [], `${what} of ${name}`);
  }
}

function shoot(page, name) {
  return page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
}

for (const [device, options] of Object.entries({ desk: DESK, phone: PHONE })) {
  for (const language of ['zh-CN', 'en']) {
    test(`every page is sound on a ${device} in ${language}`, { timeout: 120_000 }, async () => {
      const { page, complaints } = await openPage(browser, sample.address, {
        ...options,
        locale: language,
      });
      await page.goto('/sign-in');
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      await check(page, 'sign-in');
      await shoot(page, `sign-in.${device}.${language}`);
      await signIn(page, sample);
      for (const [name, address] of Object.entries(pages())) {
        const response = await page.goto(address);
        assert.equal(response.status(), 200, name);
        await check(page, name);
        await shoot(page, `${name}.${device}.${language}`);
      }
      await page.goto('/quarantine');
      await page.locator('tbody th a').first().click();
      await check(page, 'quarantine-item');
      await shoot(page, `quarantine-item.${device}.${language}`);
      await page.goto('/review');
      await page.locator('tbody th a').first().click();
      await check(page, 'review-item');
      await shoot(page, `review-item.${device}.${language}`);
      const missing = await page.goto('/households/nothing');
      assert.equal(missing.status(), 404);
      await check(page, 'not-found');
      await shoot(page, `not-found.${device}.${language}`);
      assert.deepEqual(complaints, []);
      await page.context().close();
    });
  }
}

describe('on a desk in Chinese', () => {
  let page;
  let complaints;

  before(async () => {
    ({ page, complaints } = await openPage(browser, sample.address, { ...DESK, locale: 'zh-CN' }));
    await signIn(page, sample);
  });

  after(async () => {
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  test('a wrong password is told and the user name kept', async () => {
    const other = await openPage(browser, sample.address, { ...DESK, locale: 'zh-CN' });
    await other.page.goto('/sign-in');
    await other.page.locator('#username').fill('nobody');
    await other.page.locator('#password').fill('wrong wrong wrong');
    await other.page.locator('#password').press('Enter');
    assert.match(await other.page.getByRole('alert').textContent(), /用户名或密码不对/);
    assert.equal(await other.page.locator('#username').inputValue(), 'nobody');
    assert.equal(await other.page.locator('#password').inputValue(), '');
    await check(other.page, 'wrong password');
    await other.page.context().close();
  });

  test('the keyboard alone gets past the navigation', async () => {
    await page.goto('/households');
    await page.keyboard.press('Tab');
    const focused = () => page.evaluate(() => document.activeElement.className);
    assert.equal(await focused(), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  });

  test('the search finds a household by its address', async () => {
    await page.goto('/households');
    const title = await page.locator('tbody th a').last().textContent();
    await page.locator('#q').fill(title);
    await page.locator('#q').press('Enter');
    await page.waitForURL('**/households?**');
    assert.equal(await page.locator('tbody th a').first().textContent(), title);
  });

  test('the language and large type stay chosen', async () => {
    await page.goto('/visits');
    await page.getByRole('link', { name: '大字' }).click();
    assert.equal(new URL(page.url()).pathname, '/visits');
    const size = await page.evaluate(() => getComputedStyle(document.documentElement).fontSize);
    assert.equal(size, '21px');
    for (const address of ['/', '/households', `/households/${sample.conflicted}`, '/incidents']) {
      await page.goto(address);
      assert.deepEqual(await page.evaluate(overflow), [], `large type on ${address}`);
    }
    await shoot(page, 'incidents.large.zh-CN');
    await page.getByRole('link', { name: 'English' }).click();
    await page.getByRole('link', { name: 'Overview' }).click();
    assert.equal(await page.locator('h1').textContent(), 'Overview');
    await page.getByRole('link', { name: 'Normal type' }).click();
    await page.getByRole('link', { name: '中文' }).click();
    assert.equal(await page.locator('h1').textContent(), '总览');
  });

  test('a hidden number is shown for a reason and hidden again', async () => {
    await page.goto(`/households/${sample.household}`);
    const cell = page.locator('td[data-label="公民身份号码"]').first();
    assert.match(await cell.textContent(), /\d{6}\*{8}\d{3}[\dX]/);
    await cell.locator('summary').click();
    await shoot(page, 'show-form.desk.zh-CN');
    await cell.locator('input[name=reason]').fill('电话回访前核实身份');
    await cell.locator('button').click();
    await page.waitForURL('**/show');
    assert.match(await cell.textContent(), /\d{17}[\dX]/);
    assert.match(await page.getByRole('status').textContent(), /已显示/);
    await check(page, 'shown');
    await shoot(page, 'shown.desk.zh-CN');
    await page.goto(`/households/${sample.household}`);
    assert.match(await cell.textContent(), /\*{8}/);
  });

  test('a conflict is settled and the phones receive the choice', async () => {
    await page.goto('/conflicts');
    await page.locator('tbody th a').click();
    const conflicts = page.locator('#conflicts');
    assert.equal(await conflicts.locator('.candidate').count(), 2);
    const other = conflicts.locator('.candidate:not(.is-shown)');
    const value = (await other.locator('.candidate-value').textContent()).trim();
    await other.locator('button').click();
    await page.waitForURL('**settled=**');
    assert.match(await page.getByRole('status').textContent(), /已选定/);
    assert.equal(await conflicts.count(), 0);
    const phone = page.locator('dt', { hasText: '联系电话' }).locator('xpath=following-sibling::dd');
    assert.match((await phone.textContent()).trim(), new RegExp(`^${value.replaceAll('*', '\\*')}`));
    const newest = page.locator('#history-title').locator('xpath=ancestor::section//tbody/tr[1]');
    assert.match(await newest.textContent(), /管理端/);
    await shoot(page, 'settled.desk.zh-CN');
    const phones = await sample.sync();
    assert.deepEqual(phones.conflicts, [0, 0], 'no phone shows a conflict any more');
    assert.equal(new Set(phones.values).size, 1, 'both phones show the same number');
    assert.equal(`${phones.values[0].slice(0, 3)}****${phones.values[0].slice(7)}`, value);
    await page.goto('/conflicts');
    assert.match(await page.locator('main').textContent(), /没有需要确认的内容/);
  });

  test('a late edit is looked at and accepted into the record', async () => {
    await page.goto('/review');
    await page.locator('tbody th a').click();
    assert.match(await page.locator('tbody').textContent(), /周敏/);
    await page.getByRole('button', { name: '采用，写入记录' }).click();
    await page.waitForURL('**decided=accepted');
    assert.match(await page.getByRole('status').textContent(), /已采用/);
    await shoot(page, 'review-accepted.desk.zh-CN');
    await page.goto(`/households/${sample.late}`);
    assert.match(await page.locator('main').textContent(), /周敏/);
  });

  test('a page without its navigation is printed', async () => {
    await page.goto(`/households/${sample.household}`);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('.nav').isVisible(), false);
    assert.equal(await page.locator('h1').isVisible(), true);
    await shoot(page, 'household.print.zh-CN');
    await page.emulateMedia({ media: null });
  });

  test('a phone is revoked after asking', async () => {
    await page.goto('/devices');
    const row = page.locator('tbody tr').last();
    await row.locator('summary').click();
    await shoot(page, 'revoke.desk.zh-CN');
    await row.locator('button').click();
    await page.waitForURL('**revoked=**');
    assert.match(await page.getByRole('status').textContent(), /已停用/);
  });

  test('a quarantined change is marked as seen', async () => {
    await page.goto('/quarantine');
    await page.locator('tbody th a').first().click();
    await page.getByRole('button', { name: '标记为已看' }).click();
    await page.waitForURL('**marked=**');
    assert.match(await page.locator('main').textContent(), /标记为已看/);
  });

  test('signing out ends it, also for the back button', async () => {
    const other = await openPage(browser, sample.address, { ...DESK, locale: 'zh-CN' });
    await signIn(other.page, sample);
    await other.page.getByRole('button', { name: '退出登录' }).click();
    assert.match(await other.page.getByRole('status').textContent(), /已退出/);
    await other.page.goto('/households');
    assert.equal(new URL(other.page.url()).pathname, '/sign-in');
    await other.page.context().close();
  });
});

describe('ledgers and boundaries', () => {
  let page;
  let complaints;

  before(async () => {
    ({ page, complaints } = await openPage(browser, sample.address, { ...DESK, locale: 'zh-CN' }));
  });

  after(async () => {
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  test('a ledger is uploaded, checked, written and taken out again', async () => {
    await signIn(page, sample);
    await page.goto('/ledgers');
    const rows = ['网格,小区,楼栋,室,姓名,备注', '第一网格,泉城家园,99号楼,101,王小明,新'];
    rows.push('第九网格,泉城家园,99号楼,102,李雷,不在本社区');
    const file = { name: '台账.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) };
    await page.locator('#file').setInputFiles(file);
    await page.getByRole('button', { name: '上传并检查' }).click();
    await page.getByRole('heading', { name: '确认写入' }).waitFor();
    assert.match(await page.locator('main').textContent(), /没有这个网格/);
    await check(page, 'ledger-checked');
    await shoot(page, 'ledger-checked.desk.zh-CN');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: '下载错误表' }).click();
    assert.match((await download).suggestedFilename(), /台账\.csv-report\.csv/);
    await page.getByRole('button', { name: '写入 1 户' }).click();
    await page.getByText('已全部写入').waitFor();
    await check(page, 'ledger-done');
    await page.goto('/ledgers');
    await page.locator('#form').selectOption('csv');
    await page.getByRole('button', { name: '导出', exact: true }).click();
    await page.getByRole('link', { name: /^下载/ }).waitFor();
    await check(page, 'ledger-export');
    await shoot(page, 'ledger-export.desk.zh-CN');
  });

  test('a boundary is drawn with pointer and keyboard and kept', async () => {
    const other = await openPage(browser, sample.address, { ...DESK, locale: 'zh-CN' });
    const draw = other.page;
    await signIn(draw, sample.street);
    await draw.goto(`/grids/${sample.grid}/boundary`);
    const picture = draw.locator('.draw svg');
    await picture.waitFor();
    assert.equal(await picture.locator('.corner').count(), 4);
    assert.ok((await picture.locator('.household').count()) > 10);
    await check(draw, 'boundary');
    await shoot(draw, 'boundary.desk.zh-CN');
    const text = () => draw.locator('#corners').inputValue();
    const before = await text();

    // The keyboard moves a corner by a metre, adds one and removes it again.
    await picture.locator('.corner').first().focus();
    await draw.keyboard.press('ArrowUp');
    assert.notEqual(await text(), before);
    await draw.keyboard.press('Control+z');
    assert.equal(await text(), before);
    await draw.keyboard.press('Insert');
    assert.equal(await picture.locator('.corner').count(), 5);
    await draw.keyboard.press('Delete');
    assert.equal(await text(), before);

    // The pointer adds a corner in the middle of a side and pulls it outwards.
    const middle = await picture.locator('.middle').first().boundingBox();
    await draw.mouse.move(middle.x + middle.width / 2, middle.y + middle.height / 2);
    await draw.mouse.down();
    await draw.mouse.move(middle.x, middle.y + 30, { steps: 4 });
    await draw.mouse.up();
    assert.equal(await picture.locator('.corner').count(), 5);
    await draw.getByRole('button', { name: '只检查' }).click();
    assert.match(await draw.locator('#problems-title').textContent(), /还不能保存/);
    await check(draw, 'boundary-problems');
    await shoot(draw, 'boundary-problems.desk.zh-CN');
    await draw.getByRole('button', { name: '删除角点' }).waitFor();
    await draw.locator('#corners').fill(before.replace('117.0500000', '117.0490000'));
    await draw.getByRole('button', { name: '检查并保存' }).click();
    await draw.getByLabel(/这些地块本来就不属于任何网格/).check();
    await draw.getByRole('button', { name: '检查并保存' }).click();
    assert.match(await draw.getByRole('status').first().textContent(), /已保存/);
    assert.equal(await draw.locator('tbody tr').count(), 2, 'two editions');
    assert.deepEqual(other.complaints, []);
    await draw.context().close();
  });
});
