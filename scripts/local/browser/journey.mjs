// The demo page as a person uses it, in a real browser: from an account over a declined and a good card to a video whose
// time advances, then through the life of a subscription at the billing portal: once while Stripe's webhooks tell of it, and
// once with those switched off, while the reconcile job alone asks.
//
// Usage: node journey.mjs BROWSER SCREENSHOTS, with the stack's variables in the environment.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { barriers, browser, complaints, hurry, open, picture as keep, strangers } from './stage.mjs';
import { expect, finish, run } from './steps.mjs';

const demo = process.env.STREAMLY_DEMO_URL;
const gateway = process.env.STREAMLY_GATEWAY_URL;

const config = await fetch(`${demo}/config.json`).then((reply) => reply.json()).catch(() => {
  console.error(`browser: ${demo} does not answer; is the stack running?`);
  process.exit(1);
});
const { plans } = await fetch(`${gateway}/v1/plans`).then((reply) => reply.json());
const answers = new Map();
for (const video of config.videos) {
  const reply = await fetch(`${gateway}/v1/videos/${video.id}/playback`);
  answers.set(video.id, { status: reply.status, body: await reply.json() });
}
const answering = (holds) => config.videos.find((video) => holds(answers.get(video.id), video));
const videos = {
  free: answering(({ status, body }) => status === 200 && body.kind === 'full'),
  preview: answering(({ status, body }) => status === 200 && body.kind === 'preview'),
  members: answering(({ status }, { access }) => status === 401 && access === 'members'),
  preparing: answering(({ status }) => status === 409),
};
// The plan of the highest tier opens every video.
const plan = plans.find(({ tier }) => tier === videos.preview?.min_tier) ?? plans.at(-1);

const page = await open();
const step = (name, work) => run(name, work, hurry);
const picture = (name) => keep(page, name);
const text = (selector) => page.locator(selector).innerText();
const choose = (video) => page.click(`[data-video="${video.id}"]`);

/** Waits for a refusal to be shown, and tells by its slug whether it is the right one: titles are for people. */
async function problem(place, slug) {
  await page.waitForSelector(`${place} strong`);
  const seen = await page.locator(place).getAttribute('data-slug');
  const said = await text(`${place} strong`);
  expect(seen === slug, `it is ${seen}: ${said}`);
  return said;
}

/** Waits until the picture moves: one more second of video than there was. */
async function advances() {
  const player = page.locator('#player');
  await page.waitForSelector('#theatre:not([hidden])');
  // Where the browser waits for a person before it plays sound, this is the person.
  await player.evaluate((video) => video.play());
  const from = await player.evaluate((video) => {
    // A preview may be nearly over by now.
    if (video.currentTime > video.duration - 2) video.currentTime = 0;
    return video.currentTime;
  });
  await page.waitForFunction((start) => document.getElementById('player').currentTime > start + 1, from);
  const [to, lines] = await player.evaluate((video) => [video.currentTime, video.videoHeight]);
  expect(lines > 0, 'there is sound without a picture');
  return `from ${from.toFixed(1)} s to ${to.toFixed(1)} s in ${lines}p`;
}

const account = { email: `journey-${Date.now()}@example.com`, password: 'a film a day keeps the noise away' };

async function enter(button, { email, password }) {
  await page.fill('#email', email);
  await page.fill('#password', password);
  await page.click(button);
}

async function checkout() {
  await page.click(`[data-plan="${plan.slug}"]`);
  await page.waitForURL((url) => !url.href.startsWith(demo));
  await page.waitForSelector('input[name="card_number"]');
}

await step('the page opens and lists plans and videos', async () => {
  await page.goto(demo);
  await page.waitForSelector('[data-video]');
  await page.waitForSelector('[data-plan]');
  const [offered, shown] = [await page.locator('[data-plan]').count(), await page.locator('[data-video]').count()];
  expect(offered === plans.length && shown === config.videos.length, `${offered} plans, ${shown} videos`);
  await picture('1-start');
  return `${offered} plans, ${shown} videos`;
});

await step('the videos cover each kind of answer', async () => {
  const missing = Object.keys(videos).filter((kind) => !videos[kind]);
  expect(missing.length === 0, `no video is ${missing.join(', ')}`);
});

await step('a free video plays without an account', async () => {
  await choose(videos.free);
  return advances();
});

await step('a video that is being prepared says so', async () => {
  await choose(videos.preparing);
  return problem('#watch-problem', 'video-not-ready');
});

await step('a video for members asks to log in', async () => {
  await choose(videos.members);
  return problem('#watch-problem', 'missing-token');
});

await step('a preview plays without an account and ends early', async () => {
  await choose(videos.preview);
  const seen = await advances();
  const length = await page.locator('#player').evaluate((video) => video.duration);
  const whole = answers.get(videos.preview.id).body.duration_seconds;
  expect(length < whole, `the preview lasts ${length} s of ${whole} s`);
  await picture('2-preview');
  return `${seen}, ${length.toFixed(0)} s of ${whole} s`;
});

await step('a faulty address is refused beside its field', async () => {
  await enter('#register', { ...account, email: 'nonsense' });
  await page.waitForSelector('#email[aria-invalid="true"]');
  await picture('3-faulty-address');
  return text('#email-fault');
});

await step('an account is made and logged in', async () => {
  await enter('#register', account);
  await page.waitForSelector('#who:not([hidden])');
  expect((await text('#who')).includes(account.email), 'the page names somebody else');
});

await step('logging out forgets the session', async () => {
  await page.click('#logout');
  await page.waitForSelector('#who', { state: 'hidden' });
  const kept = await page.evaluate(() => Object.keys(sessionStorage).length);
  expect(kept === 0, `${kept} entries are kept`);
});

await step('a wrong password is refused', async () => {
  await enter('#login', { ...account, password: 'another film a day' });
  return problem('#account-problem', 'invalid-credentials');
});

await step('the account logs in, and stays so when the page is loaded again', async () => {
  await enter('#login', account);
  await page.waitForSelector('#who:not([hidden])');
  await page.reload();
  await page.waitForSelector('#who:not([hidden])');
});

await step('without a subscription a video for members is refused', async () => {
  await choose(videos.members);
  const said = await problem('#watch-problem', 'subscription-required');
  await picture('4-refused');
  return said;
});

await step('leaving the payment comes back without a charge', async () => {
  await checkout();
  await page.click('button[value="leave"]');
  await page.waitForURL((url) => url.href.startsWith(demo));
  await page.waitForSelector('#notice strong');
  return text('#notice');
});

await step('a declined card stays on the payment page', async () => {
  await checkout();
  await page.fill('input[name="card_number"]', '4000 0000 0000 0002');
  await page.click('button[value="pay"]');
  await page.waitForSelector('[role="alert"]');
  expect(!page.url().startsWith(demo), 'it came back as if it had paid');
  await picture('5-declined');
  return text('[role="alert"]');
});

await step('a bank that asks and hears no leaves it unpaid', async () => {
  await page.fill('input[name="card_number"]', '4000 0027 6000 3184');
  await page.click('button[value="pay"]');
  await page.waitForSelector('button[value="authenticate"]');
  await picture('5-bank-asks');
  await page.click('button[value="refuse"]');
  await page.waitForSelector('[role="alert"]');
  expect(!page.url().startsWith(demo), 'it came back as if it had paid');
  return text('[role="alert"]');
});

await step('paying with 4242… comes back to a video that plays in full', async () => {
  await page.fill('input[name="card_number"]', '4242 4242 4242 4242');
  await page.click('button[value="pay"]');
  await page.waitForURL((url) => url.href.startsWith(demo));
  await page.waitForSelector('#notice:has-text("active")');
  const seen = await advances();
  expect(/full/.test(await text('#kind')), 'it is only a preview');
  await picture('6-playing');
  return seen;
});

await step('the storyboard leads to a later moment', async () => {
  const tiles = page.locator('#storyboard button');
  await tiles.last().click();
  const count = await tiles.count();
  await page.waitForFunction(() => document.getElementById('player').currentTime > 15);
  return `${count} tiles`;
});

await step('the video for members plays as well', async () => {
  await choose(videos.members);
  return advances();
});

await step('a second subscription is refused', async () => {
  await page.click(`[data-plan="${plan.slug}"]`);
  return problem('#plans-problem', 'already-subscribed');
});

/** Presses a button of the billing portal and comes back to the page once the portal shows the other one. */
async function manage(button, after) {
  await page.click('#manage');
  await page.waitForURL((url) => !url.href.startsWith(demo));
  await page.click(`button[value="${button}"]`);
  await page.waitForSelector(`button[value="${after}"]`);
  await page.click('a:has-text("Back")');
  await page.waitForURL((url) => url.href.startsWith(demo));
}

/** Presses a button at the desk behind Stripe's pages. */
async function atTheDesk(button, shows) {
  await page.click('#links a:has-text("Behind Stripe")');
  await page.waitForSelector('#webhooks');
  await page.click(`button[value="${button}"]`);
  if (shows) await page.waitForSelector(shows);
  await picture(`desk-${button}`);
  await page.goto(demo);
  await page.waitForSelector('#who:not([hidden])');
}

/** The reconcile job as the README tells a person to run it. */
function reconcile() {
  const { status, stdout, stderr } = spawnSync(join(process.env.STREAMLY_ROOT, 'scripts/dev'), ['reconcile'], { encoding: 'utf8' });
  expect(status === 0, `scripts/dev reconcile ended with ${status}: ${stdout}${stderr}`);
}

/** Asks again, as a person does, until the status shows this; what the webhook brings takes an instant. */
async function shows(selector) {
  for (let asked = 0; asked < 20; asked += 1) {
    await page.click('#refresh');
    const seen = await page.waitForSelector(selector, { timeout: 1_000 }).catch(() => null);
    if (seen) return text('#standing-title');
  }
  throw new Error(`${selector} is not there: ${await text('#standing')}`);
}

const lower = plans.find((one) => one.tier !== plan.tier);
const prices = new Map(JSON.parse(process.env.PLANS).map((one) => [one.slug, one.price_id]));

/**
 * What a subscriber goes through, each step seen in the status. `hear` is what lets the service hear of it: nothing where
 * Stripe's webhooks tell it, the reconcile job where they are off.
 */
async function manageEverything(way, hear) {
  await step(`another plan taken at the portal is told (${way})`, async () => {
    await page.click('#manage');
    await page.waitForSelector('select[name="price"]');
    await page.selectOption('select[name="price"]', prices.get(lower.slug));
    await page.click('button[value="switch"]');
    await page.waitForSelector(`section h2:has-text("${lower.name}")`);
    await page.click('a:has-text("Back")');
    hear();
    await shows(`#standing-facts:has-text("${lower.name}")`);
    await picture(`${way}-1-another-plan`);
    return `${plan.name} became ${lower.name}`;
  });

  await step(`cancelling at the portal keeps the right until the period ends (${way})`, async () => {
    await manage('cancel-at-period-end', 'resume');
    hear();
    const title = await shows('#standing:has-text("Ends for good")');
    expect(await text('#standing-reason') === 'active', 'the right is gone at once');
    await picture(`${way}-2-cancelled`);
    return title;
  });

  await step(`resuming at the portal lets it renew itself (${way})`, async () => {
    await manage('resume', 'cancel-at-period-end');
    hear();
    return shows('#standing:has-text("Renews itself")');
  });

  await step(`a renewal that fails is told, with the days that are left (${way})`, async () => {
    await page.click('#manage');
    await page.fill('input[name="card_number"]', '4000 0000 0000 0341');
    await page.click('button[value="card"]');
    await page.waitForSelector('button[value="card"]');
    await page.click('a:has-text("Back")');
    await page.waitForURL((url) => url.href.startsWith(demo));
    await atTheDesk('advance-month', '#events:has-text("invoice.payment_failed")');
    hear();
    const title = await shows('#standing-reason:has-text("grace")');
    expect(/past_due/.test(await text('#standing-facts')), 'the status does not say past_due');
    await picture(`${way}-3-renewal-failed`);
    return title;
  });

  await step(`paying the open invoice at the portal recovers it (${way})`, async () => {
    await page.click('#manage');
    await page.click('button[value="pay"]');
    await page.waitForSelector('button[value="pay"]', { state: 'detached' });
    await page.click('a:has-text("Back")');
    hear();
    const title = await shows('#standing-reason:has-text("active")');
    await picture(`${way}-4-recovered`);
    return title;
  });
}

await manageEverything('webhooks', () => {});

await step('with webhooks off a payment is unknown until reconcile asks', async () => {
  await atTheDesk('webhooks-off', '#webhooks:has-text("off")');
  await page.click('#logout');
  account.email = `quiet-${account.email}`;
  await enter('#register', account);
  await page.waitForSelector('#who:not([hidden])');
  await checkout();
  await page.fill('input[name="card_number"]', '4242 4242 4242 4242');
  await page.click('button[value="pay"]');
  await page.waitForURL((url) => url.href.startsWith(demo));
  await page.waitForSelector('#notice:has-text("Waiting")');
  // The notice is there before the first answer is.
  await page.waitForSelector('#standing-reason:not(:empty)');
  expect(await text('#standing-reason') === 'subscription-required', 'somebody has told it');
  reconcile();
  await page.waitForSelector('#notice:has-text("active")');
  await picture('reconcile-0-subscribed');
  return advances();
});

await manageEverything('reconcile', reconcile);

await step('webhooks are switched on again', async () => {
  await atTheDesk('webhooks-on', '#webhooks:has-text("on")');
});

await step('tokens and passwords are nowhere on the page', async () => {
  const secrets = await page.evaluate(() => [JSON.parse(sessionStorage.getItem('streamly.session')).access_token]);
  const shown = await page.locator('body').evaluate((body) => body.textContent);
  for (const secret of [...secrets, account.password]) expect(!shown.includes(secret), 'a secret is shown in full');
});

await step('on a narrow screen nothing sticks out, and the dark colours are dark', async () => {
  await page.setViewportSize({ width: 360, height: 780 });
  await page.emulateMedia({ colorScheme: 'dark' });
  const [wide, back] = await page.evaluate(() => [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]);
  await picture('8-narrow-and-dark');
  expect(wide <= 360, `the page is ${wide} pixels wide`);
  expect(back.match(/\d+/g).every((part) => Number(part) < 64), `the background is ${back}`);
});

await step('no picture taken on the way breaks a rule of accessibility', async () => {
  expect(barriers.length === 0, barriers.join('\n'));
});

await step('the browser complained about nothing and asked nobody else', async () => {
  expect(complaints.length === 0, complaints.join('\n'));
  expect(strangers.size === 0, `it asked ${[...strangers].join(', ')}`);
});

await browser.close();
process.exitCode = finish();
