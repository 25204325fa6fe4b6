// An account's life on the demo page, in two real browsers: its address confirmed by the caught mail, both sessions seen,
// one ended from the other, the password reset and changed, the address changed, the data exported, the account deleted.
//
// Usage: node accounts.mjs BROWSER SCREENSHOTS, with the stack's variables in the environment.
import { barriers, browser, complaints, hurry, open, picture, strangers } from './stage.mjs';
import { expect, finish, run } from './steps.mjs';

const demo = process.env.STREAMLY_DEMO_URL;
const mail = process.env.STREAMLY_MAIL_URL;
if (!mail) {
  console.log('skipped: the stack hands its mails to a real relay');
  process.exit(0);
}
const WAIT_MS = 15_000;
// An address is mailed once a minute, whatever for.
const BETWEEN_MAILS_MS = 61_000;
const { paths } = await fetch(`${demo}/config.json`).then((reply) => reply.json());

const there = (path) => paths.includes(path);
/** Runs a step; one whose routes the gateway does not have is left out, and said to be. */
async function step(name, work, ...needs) {
  const missing = needs.filter((path) => !there(path));
  if (missing.length > 0) console.log(`skip  ${name} (there is no ${missing.join(', ')})`);
  else await run(name, work, hurry);
}
const laptop = await open();
const phone = await open({ viewport: { width: 390, height: 844 }, userAgent: 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0' });
const stamp = Date.now();
const account = { email: `life-${stamp}@example.com`, password: 'a film a day keeps the noise away' };
const later = { email: `moved-${stamp}@example.com`, password: 'two films a day keep the silence away' };
const seen = new Map();
let mailed = 0;
const followed = (to) => [...seen.values()].filter((one) => one === to).length;

const text = (page, selector) => page.locator(selector).innerText();
const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const isIn = (page) => page.waitForSelector('#who:not([hidden])');
const isOut = (page) => page.waitForSelector('#who', { state: 'hidden' });
const says = (page, words) => page.waitForSelector(`#notice:has-text("${words}")`);

async function enter(page, button, { email, password }) {
  await page.fill('#email', email);
  if (password) await page.fill('#password', password);
  await page.click(button);
}

/** Waits for a refusal to be shown, and tells by its slug whether it is the right one. */
async function problem(page, place, slug) {
  await page.waitForSelector(`${place} strong`);
  const shown = await page.locator(place).getAttribute('data-slug');
  expect(shown === slug, `it is ${shown}: ${await text(page, place)}`);
  return text(page, `${place} strong`);
}

/** The next mail to this address with this subject that was not looked at before. */
async function arrives(to, subject) {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const mails = await fetch(`${mail}/mails.json?${new URLSearchParams({ to })}`).then((reply) => reply.json());
    const found = mails.find((one) => one.subject === subject && !seen.has(one.number));
    if (found) { seen.set(found.number, to); return found; }
    const there = mails.map((one) => one.subject).join(', ') || 'none';
    expect(Date.now() < until, `no mail “${subject}” came to ${to}; there are: ${there}`);
    await pause(100);
  }
}

/** Opens a mail as a person does, and follows the button in it. */
async function follow(page, { number }, name) {
  await page.goto(`${mail}/mails/${number}`);
  const framed = page.frameLocator('iframe');
  await framed.locator('a.button').waitFor();
  await picture(page, name);
  await framed.locator('a.button').click();
  await page.waitForURL((url) => url.href.startsWith(demo));
  // The token leaves the address at once, so that neither the screen nor the history keeps it.
  await page.waitForFunction(() => location.hash === '' && location.pathname === '/');
}

/** Asks for a video, whose refusal ends the session on the page, too. */
async function isRefused(page) {
  await page.click('[data-video] >> nth=1');
  await says(page, 'Your session has ended');
  await isOut(page);
}

/** The sessions that the page lists. */
async function sessions(page, count) {
  if (!await page.locator('#sessions').evaluate((part) => part.open)) await page.click('#sessions summary');
  else await page.click('#look');
  await page.waitForFunction((wanted) => document.querySelectorAll('#session-list li').length === wanted, count);
  return text(page, '#session-list');
}

await step('somebody signs up, and a mail asks to confirm the address', async () => {
  await laptop.goto(demo);
  await laptop.waitForSelector('[data-plan]');
  await enter(laptop, '#register', account);
  await isIn(laptop);
  mailed = Date.now();
  if (there('/v1/account')) await laptop.waitForSelector('#account-facts:has-text("not yet")');
  await picture(laptop, 'a1-unconfirmed');
  return text(laptop, '#notice');
});

await step('the caught mail leads to the page, where one press confirms it', async () => {
  const found = await arrives(account.email, 'Confirm your address');
  await follow(laptop, found, 'a2-mail');
  await laptop.waitForSelector('#confirm');
  await picture(laptop, 'a3-confirm');
  await laptop.click('#confirm');
  await says(laptop, 'confirmed');
  if (there('/v1/account')) await laptop.waitForSelector('#account-facts:has-text("yes")');
  return found.subject;
}, '/v1/email/verify');

await step('the link works once', async () => {
  const [link] = (await fetch(`${mail}/mails.json?${new URLSearchParams({ to: account.email })}`).then((reply) => reply.json())).at(-1).links;
  await laptop.goto(link);
  await laptop.click('#confirm');
  const said = await problem(laptop, '#account-problem', 'invalid-or-expired-token');
  await laptop.goto(demo);
  await isIn(laptop);
  return said;
}, '/v1/email/verify');

await step('the tokens are renewed and the page goes on with the new ones', async () => {
  const token = () => laptop.evaluate(() => JSON.parse(sessionStorage.getItem('streamly.session')).refresh_token);
  const before = await token();
  await laptop.click('#renew');
  await says(laptop, 'renewed');
  expect(await token() !== before, 'the refresh token is the same');
  await laptop.click('[data-video] >> nth=1');
  await problem(laptop, '#watch-problem', 'subscription-required');
}, '/v1/token/refresh');

await step('a second browser logs in, and the first one sees both sessions', async () => {
  await phone.goto(demo);
  await phone.waitForSelector('[data-plan]');
  await enter(phone, '#login', account);
  await isIn(phone);
  const listed = await sessions(laptop, 2);
  await picture(laptop, 'a4-sessions');
  expect(/Firefox 140/.test(listed) && /this one/.test(listed), listed);
  return listed.replaceAll('\n', ' ').slice(0, 80);
}, '/v1/account/sessions');

await step('ended from the first browser, the second one is refused its video', async () => {
  await laptop.click('#session-list [data-session]');
  await says(laptop, 'ended');
  await sessions(laptop, 1);
  await isRefused(phone);
  const asked = await text(phone, '#wire-list li:has-text("/playback")');
  expect(/401/.test(asked), asked);
  await picture(phone, 'a5-refused');
  return asked.replaceAll('\n', ' ');
}, '/v1/account/sessions');

await step('a forgotten password is set anew by mail, and every session ends', async () => {
  await phone.goto(demo);
  await phone.waitForSelector('[data-plan]');
  await pause(mailed + BETWEEN_MAILS_MS - Date.now());
  await enter(phone, '#forgot', { email: account.email });
  await says(phone, 'a mail is on its way');
  const found = await arrives(account.email, 'Choose a new password');
  await follow(phone, found, 'a6-reset-mail');
  await phone.fill('#reset-new', 'password1');
  await phone.click('#reset-set');
  await problem(phone, '#account-problem', 'weak-password');
  await picture(phone, 'a7-weak');
  await phone.fill('#reset-new', later.password);
  await phone.click('#reset-set');
  await says(phone, 'new password is set');
  await arrives(account.email, 'Your password was set anew');
  await isRefused(laptop);
  return text(laptop, '#notice');
}, '/v1/password/reset');

await step('the old password is refused and the new one is not', async () => {
  await enter(laptop, '#login', account);
  await problem(laptop, '#account-problem', 'invalid-credentials');
  await enter(laptop, '#login', { ...account, password: later.password });
  await isIn(laptop);
}, '/v1/password/reset');

await step('changing the password ends the other session and tells the owner', async () => {
  await enter(phone, '#login', { ...account, password: later.password });
  await isIn(phone);
  await laptop.click('summary:has-text("Change the password")');
  await laptop.fill('#password-current', 'not this one at all');
  await laptop.fill('#password-new', account.password);
  await laptop.click('#password-form button');
  await problem(laptop, '#account-problem', 'reauthentication-failed');
  await laptop.fill('#password-current', later.password);
  await laptop.click('#password-form button');
  await says(laptop, 'is changed');
  await arrives(account.email, 'Your password was changed');
  await isRefused(phone);
  return text(laptop, '#notice');
}, '/v1/password/change');

await step('the address changes once the new one is confirmed, and the old one is told', async () => {
  await laptop.click('summary:has-text("Change the e-mail address")');
  await laptop.fill('#email-new', later.email);
  await laptop.fill('#email-current', account.password);
  await picture(laptop, 'a8-change-email');
  await laptop.click('#email-form button');
  await says(laptop, 'Until then nothing changes');
  await arrives(account.email, 'A new address was asked for');
  await follow(laptop, await arrives(later.email, 'Confirm your new address'), 'a9-change-mail');
  await laptop.click('#confirm');
  await says(laptop, 'confirmed');
  await arrives(account.email, 'Your address was changed');
  await enter(phone, '#login', account);
  await problem(phone, '#account-problem', 'invalid-credentials');
  await enter(phone, '#login', { ...account, email: later.email });
  await isIn(phone);
  return text(phone, '#account-done');
}, '/v1/email/change', '/v1/password/change');

await step('the export holds what is stored, and nothing that opens anything', async () => {
  await laptop.click('#look');
  await laptop.waitForSelector(`#account-facts:has-text("${later.email}")`);
  await laptop.click('summary:has-text("Your data")');
  await laptop.click('#export');
  await laptop.waitForSelector('#exported:not(:empty)');
  const exported = await text(laptop, '#exported');
  await picture(laptop, 'a10-export');
  expect(exported.includes(later.email), exported.slice(0, 200));
  expect(!/argon2|rt1\.|"token"|"hash"|"phc"/.test(exported), 'it holds a hash or a token');
  return `${exported.length} characters`;
}, '/v1/account/export');

await step('tokens and passwords are nowhere on the page', async () => {
  const kept = await laptop.evaluate(() => JSON.parse(sessionStorage.getItem('streamly.session')));
  const shown = await laptop.locator('body').evaluate((body) => body.textContent);
  for (const secret of [kept.access_token, kept.refresh_token, account.password, later.password]) {
    expect(!shown.includes(secret), 'a secret is shown in full');
  }
});

await step('the account is deleted, and nobody gets in any more', async () => {
  await laptop.fill('#delete-current', account.password);
  await laptop.click('#delete-form button');
  await says(laptop, 'Your account is deleted');
  await isOut(laptop);
  await picture(laptop, 'a11-deleted');
  await arrives(later.email, 'Your account is deleted');
  await isRefused(phone);
  await enter(phone, '#login', { ...account, email: later.email });
  await problem(phone, '#account-problem', 'invalid-credentials');
  return text(laptop, '#notice');
}, '/v1/account');

await step('the page of mails lists all of them', async () => {
  await laptop.goto(`${mail}/?${new URLSearchParams({ to: account.email })}`);
  await picture(laptop, 'a12-mails');
  const count = await laptop.locator('main li').count();
  expect(count >= 1 && count >= followed(account.email), `only ${count}`);
  return `${count} to the first address`;
});

await step('no picture taken on the way breaks a rule of accessibility', async () => {
  expect(barriers.length === 0, barriers.join('\n'));
});

await step('the browsers complained about nothing and asked nobody else', async () => {
  expect(complaints.length === 0, complaints.join('\n'));
  expect(strangers.size === 0, `they asked ${[...strangers].join(', ')}`);
});

await browser.close();
process.exitCode = finish();
