// What holds for every page, whatever it is about.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { folder, launch, none, open, unfold } from './open.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const names = readdirSync(folder).filter((name) => name.endsWith('.html')).sort();
let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

test('there are pages', () => assert.ok(names.length > 0));

/** What axe objects to, by these rules or by all. */
const barriers = async (page, rules) => {
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  const found = await page.evaluate((options) => axe.run(document, options), options);
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
};

/** What is wider than the window, but for what scrolls by itself. */
const wide = (page) =>
  page.evaluate(() => {
    const edge = document.documentElement.clientWidth + 1;
    return [...document.querySelectorAll('body *')]
      .filter((element) => !element.closest('.wide, pre, svg') && element.getBoundingClientRect().right > edge)
      .map((element) => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
  });

/** Labels of plots that lie on others or beyond the edge. */
const labels = (page) =>
  page.evaluate(() => {
    const out = [];
    for (const plot of document.querySelectorAll('figure svg')) {
      const frame = plot.getBoundingClientRect();
      const title = plot.querySelector('title')?.textContent ?? '';
      const all = [...plot.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
      all.forEach(([text, box], at) => {
        if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.bottom > frame.bottom + 3) {
          out.push(`${title}: "${text}" is beyond the edge`);
        }
        for (const [other, its] of all.slice(at + 1)) {
          const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
          const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
          // Boxes of text are higher than its letters.
          if (across > 1.5 && down > 5) out.push(`${title}: "${text}" lies on "${other}"`);
        }
      });
    }
    return out;
  });

// Each page has a process of its own, so that two of them use two cores.
describe('every page', { concurrency: 2 }, () => {
  for (const name of names) test(name, async (t) => {
    const { context, page, problems } = await open(browser, name, { colorScheme: 'light' });
    await t.test('every link of the contents leads to something one sees', async () => {
      for (const link of await page.locator('nav a, .card a').all()) {
        const to = (await link.getAttribute('href')).slice(1);
        await link.click();
        assert.ok(await page.locator(`[id="${to}"]`).isVisible(), `${to} stays hidden`);
      }
    });
    await unfold(page);
    await t.test('no label of a plot lies on another or beyond its edge', async () => none(await labels(page), 'labels'));
    await page.evaluate(axe);
    await t.test('axe knows no barrier', async () => none(await barriers(page), 'violations'));
    await page.emulateMedia({ colorScheme: 'dark' });
    // Nothing but colours is different there.
    await t.test('nor in the dark', async () => none(await barriers(page, ['color-contrast']), 'violations'));
    await page.setViewportSize({ width: 390, height: 800 });
    await t.test('nothing is wider than a phone', async () => none(await wide(page), 'too wide'));
    await t.test('it has asked nobody for anything, and nothing went wrong', () => none(problems, 'problems'));
    assert.equal(await page.locator('h1').count(), 1);
    await context.close();
  });
});
