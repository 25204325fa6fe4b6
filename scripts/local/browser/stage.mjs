// A browser for a journey: contexts that are people's browsers, pictures of what they see, and what was wrong on the way.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const WAIT_MS = 20_000;
// Once a step has failed those that build on it will, too: no use in waiting as long for each.
const WAIT_AFTER_FAULT_MS = 3_000;
// As root there is no sandbox; the rest keeps the browser from calling its maker's hosts.
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--mute-audio'];

/** What browsers complained of, whom they asked outside this machine, and what keeps people from using a page. */
export const complaints = [];
export const strangers = new Set();
export const barriers = [];

const [browserPath, screenshots] = process.argv.slice(2);
const contexts = [];
mkdirSync(screenshots, { recursive: true });
export const browser = await chromium.launch({ executablePath: browserPath, args: FLAGS });

/** A page in a browser of its own: nothing that one person does shows in another's. */
export async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  context.setDefaultTimeout(WAIT_MS);
  contexts.push(context);
  // The checker comes in by the browser, not by the page, whose policy would refuse it.
  await context.addInitScript({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
  context.on('page', watch);
  return context.newPage();
}

/** A browser writes each refused request to its console; those are what journeys are about. Anything else is a fault. */
function watch(page) {
  page.on('pageerror', (fault) => complaints.push(fault.message));
  page.on('console', (message) => {
    const refusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (message.type() === 'error' && !refusal) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1' && hostname !== 'localhost') strangers.add(hostname);
  });
}

/** Waits less from now on. */
export function hurry() {
  for (const context of contexts) context.setDefaultTimeout(WAIT_AFTER_FAULT_MS);
}

/** Keeps what a page looks like here, and what would keep people from using it. */
export async function picture(page, name) {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  barriers.push(...violations.map(({ id, nodes }) => `${name}: ${id} at ${nodes.map(({ html }) => html.slice(0, 80)).join(', ')}`));
}
