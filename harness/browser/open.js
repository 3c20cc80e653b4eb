// A browser, and pages that are watched: what they ask of the network, and what goes wrong in them.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** The folder of the pages, and the browser that shows them: both are told by who starts the tests. */
export const folder = process.env.PAGES;
const executablePath = process.env.CHROMIUM;

/** A browser without anything that talks to somebody else. */
export const launch = () =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** Where a page lies. */
export const address = (name) => pathToFileURL(join(folder, name)).href;

/** Opens a page in a context of its own; `problems` fills up with whatever is not as it should be. */
export async function open(browser, name, { width = 1280, height = 900, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== address(name)) problems.push(`asks for ${request.url().slice(0, 100)}`);
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  await page.goto(address(name), { waitUntil: 'load' });
  return { context, page, problems };
}

/** Unfolds everything. */
export const unfold = (page) =>
  page.evaluate(() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
  });

/** Fails with a list if it is not empty. */
export const none = (list, what) => assert.equal(list.length, 0, `${what}:\n${list.slice(0, 12).join('\n')}`);
