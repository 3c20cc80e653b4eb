// What a reader does with a page: sorts, looks closer, prints, reads in the dark or without scripts.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { folder, launch, none, open, unfold } from './open.js';

const PAGE = 'sample.html';
let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

for (const [colorScheme, javaScriptEnabled] of [['light', true], ['dark', false]]) {
  test(`the picture is seen at once, ${colorScheme}, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async () => {
    const { context, page } = await open(browser, PAGE, { colorScheme, javaScriptEnabled });
    const plots = await page.locator('.overview svg').all();
    assert.equal(plots.length, 2);
    for (const plot of plots) {
      const box = await plot.boundingBox();
      assert.ok(box.y > 0 && box.y + box.height < 900, `a plot ends at ${box.y + box.height}`);
    }
    await context.close();
  });
}

test('the first screen of a laptop holds the verdict and the four answers', async () => {
  const { context, page } = await open(browser, PAGE, { width: 1366, height: 900 });
  for (const card of await page.locator('.card .short').all()) {
    const box = await card.boundingBox();
    assert.ok(box.y + box.height < 900, `${await card.textContent()} is below the fold`);
  }
  assert.equal(await page.locator('.card').count(), 4);
  assert.ok(await page.locator('#verdict .badge').first().isVisible());
  // All else is folded.
  assert.equal(await page.locator('details.fold[open]').count(), 0);
  await context.close();
});

test('a table is sorted by the column whose head is pressed, by mouse and by key', async () => {
  const { context, page, problems } = await open(browser, PAGE);
  await unfold(page);
  const table = page.locator('#loss table').first();
  const head = table.locator('thead th', { hasText: 'Lost' }).first();
  const column = await head.evaluate((cell) => cell.cellIndex);
  const read = () =>
    table.locator('tbody tr').evaluateAll(
      (rows, at) => rows.map((row) => Number(row.cells[at].textContent.replace(/,/g, ''))),
      column,
    );
  const before = await read();
  await head.locator('button').click();
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await read(), [...before].sort((a, b) => b - a));
  await head.locator('button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  assert.deepEqual(await read(), [...before].sort((a, b) => a - b));
  await page.keyboard.press('Enter');
  assert.equal(await head.getAttribute('aria-sort'), null);
  assert.deepEqual(await read(), before);
  none(problems, 'problems');
  await context.close();
});

test('values are read off a plot under the pointer', async () => {
  const { context, page, problems } = await open(browser, PAGE);
  await unfold(page);
  for (const [section, says] of [['#time', /s.*created: /s], ['#latency', /p\d.*response: .*ms/s]]) {
    const chart = page.locator(`${section} rect.chart`).first();
    await chart.scrollIntoViewIfNeeded();
    await chart.hover();
    const tip = page.locator('.tip');
    assert.ok(await tip.isVisible(), `nothing is said in ${section}`);
    assert.match(await tip.innerText(), says);
  }
  await page.mouse.move(2, 2);
  assert.ok(await page.locator('.tip').isHidden());
  none(problems, 'problems');
  await context.close();
});

test('a plot is enlarged and put back, by key', async () => {
  const { context, page, problems } = await open(browser, PAGE);
  await unfold(page);
  const plot = page.locator('#loss figure').first();
  const small = (await plot.locator('svg').boundingBox()).width;
  const button = plot.locator('button.zoom');
  await button.focus();
  await page.keyboard.press('Enter');
  const large = page.locator('dialog.large');
  assert.ok((await large.boundingBox()).width > 1.5 * small);
  assert.equal(await plot.locator('svg').count(), 0);
  await page.keyboard.press('Escape');
  assert.equal(await large.count(), 0);
  assert.equal(await plot.locator('svg').count(), 1);
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  none(problems, 'problems');
  await context.close();
});

test('everything is unfolded and folded at once', async () => {
  const { context, page } = await open(browser, PAGE);
  const folds = await page.locator('details.fold').count();
  await page.locator('button.all').click();
  assert.equal(await page.locator('details.fold[open]').count(), folds);
  await page.locator('button.all').click();
  assert.equal(await page.locator('details.fold[open]').count(), 0);
  await context.close();
});

test('without scripts everything can be read, and nothing stands there that does not work', async () => {
  const { context, page } = await open(browser, PAGE, { javaScriptEnabled: false });
  assert.equal(await page.locator('button').count(), 0);
  await page.locator('#theme-loss summary').first().click();
  await page.locator('#fates summary').first().click();
  assert.ok(await page.locator('#fates table').first().isVisible());
  assert.ok(await page.locator('#fates svg').first().isVisible());
  // A link into what is folded unfolds it.
  await page.locator('nav a', { hasText: 'What differs?' }).click();
  assert.ok(await page.locator('#settings-a').isVisible());
  await context.close();
});

test('in the dark it is dark', async () => {
  const luminance = async (colorScheme) => {
    const { context, page } = await open(browser, PAGE, { colorScheme });
    const sum = (color) => color.match(/\d+/g).slice(0, 3).reduce((all, part) => all + Number(part), 0);
    const colors = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.backgroundColor, style.color];
    });
    await context.close();
    return colors.map(sum);
  };
  const [light, dark] = [await luminance('light'), await luminance('dark')];
  assert.ok(light[0] > light[1] && dark[0] < dark[1], `${light} ${dark}`);
});

for (const scripts of [true, false]) {
  test(`on paper nothing is folded, ${scripts ? 'with' : 'without'} scripts`, async () => {
    const { context, page } = await open(browser, PAGE, { javaScriptEnabled: scripts });
    await page.emulateMedia({ media: 'print' });
    const folded = page.locator('#fates-a');
    if (scripts) await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    assert.ok((await folded.boundingBox()).height > 100, 'a section stays folded');
    assert.ok(await page.locator('nav').isHidden());
    const pages = (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages >= 5, `${pages} pages`);
    await context.close();
  });
}

test('it opens within a second', async () => {
  // The best of some: other work on the machine is not the page's.
  let best = Infinity;
  let largest = PAGE;
  for (const name of [PAGE, 'matrix.html']) {
    if (statSync(join(folder, name)).size > statSync(join(folder, largest)).size) largest = name;
  }
  for (let turn = 0; turn < 5 && best > 1000; turn += 1) {
    const { context, page } = await open(browser, largest);
    const took = await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventStart);
    best = Math.min(best, took);
    await context.close();
  }
  assert.ok(best < 1000, `${largest} took ${best} ms`);
});

test('text of others stays text', async () => {
  for (const name of ['hostile', 'hostile-chain', 'hostile-faults', 'hostile-compared', 'hostile-claims'].map((name) => `${name}.html`)) {
    const { context, page, problems } = await open(browser, name);
    await unfold(page);
    assert.equal(await page.locator('main script, header script').count(), 0);
    none(problems, name);
    await context.close();
  }
});
