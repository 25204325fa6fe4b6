// The plan: what is on offer, the way to the payment and back, and how the subscription stands.
import { byId, clearProblems, factRows, make, moment, notice, onClick, pause, problem, read, write } from './page.js';
import { call, config, session, sessionEnded } from './session.js';
import { watch } from './watch.js';

const PENDING = 'streamly.pending';
// The person may take a while to read; the webhook takes well below a second.
const WAIT_MS = 500;
const WAITS_MAX = 60;

let plans = [];

/** Minor units as people read them; some currencies have none. */
function price({ amount_minor: minor, currency }) {
  const format = new Intl.NumberFormat([], { style: 'currency', currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function planTile(plan) {
  const money = plan.price && price(plan.price);
  const limits = [
    `Tier “${plan.tier}”`,
    plan.trial_days ? `${plan.trial_days} days free` : null,
  ].filter(Boolean);
  const button = make('button', { type: 'button', textContent: 'Subscribe', disabled: session === null });
  button.setAttribute('aria-label', `Subscribe to ${plan.name}`);
  button.dataset.plan = plan.slug;
  button.addEventListener('click', () => checkout(plan, button));
  return make('li', { className: 'tile' },
    make('h3', { textContent: plan.name }),
    money ? make('p', { className: 'price' }, money, make('small', { textContent: ` a ${plan.price.interval}` })) : null,
    make('p', { className: 'hint', textContent: limits.join(', ') }),
    button);
}

async function checkout(plan, button) {
  clearProblems();
  button.disabled = true;
  const reply = await call('POST', '/v1/checkout', { plan: plan.slug }, { 'Idempotency-Key': crypto.randomUUID() });
  button.disabled = false;
  if (reply.status === 200) {
    write(PENDING, { plan: plan.name, tier: plan.tier });
    location.assign(reply.body.url);
  } else if (!sessionEnded(reply)) {
    problem('plans-problem', reply);
  }
}

const REASONS = {
  active: ['good', 'Your subscription is active.'],
  trialing: ['good', 'Your trial is running.'],
  grace: ['warn', 'A payment or the news of a renewal is late; you may watch for now.'],
  'payment-required': ['warn', 'A payment is due.'],
  'subscription-lapsed': ['warn', 'Your subscription has ended.'],
  'subscription-required': ['', 'You have no subscription.'],
};

/** Asks how the subscription stands and shows it; null where there is no answer. */
export async function showStanding() {
  const reply = await call('GET', '/v1/subscription');
  if (sessionEnded(reply)) return null;
  if (reply.status !== 200) { problem('plans-problem', reply); return null; }
  const { has_access: open, reason, status, cancel_at: end } = reply.body;
  const [kind, text] = REASONS[reason] || ['', reason];
  const plan = plans.find(({ slug: name }) => name === reply.body.plan);
  const rows = {
    Plan: plan ? plan.name : reply.body.plan || '–',
    'Stripe says': status || '–',
    'Period ends': moment(reply.body.current_period_end),
    [end ? 'Ends for good' : 'Renews itself']: end ? moment(end) : status && open ? 'yes' : '–',
    'Right until': moment(reply.body.entitled_until),
  };
  byId('standing-reason').textContent = reason;
  byId('standing-reason').className = `badge ${kind}`;
  byId('standing-title').textContent = end && open ? `${text} It ends on ${moment(end)}.` : text;
  byId('standing-facts').replaceChildren(...factRows(rows));
  byId('standing').hidden = false;
  byId('plans').className = `card ${open ? 'finished' : 'current'}`;
  return reply.body;
}

async function openPortal() {
  const reply = await call('POST', '/v1/portal');
  if (reply.status === 200) location.assign(reply.body.url);
  else if (!sessionEnded(reply)) problem('plans-problem', reply);
}

/** Back from the payment: asks how it stands until there is access, as the payment arrives by webhook, beside this page. */
export async function awaitAccess(tier) {
  if (!session) return;
  notice('Paid. Waiting for the payment to reach the service…', 'warn');
  for (let wait = 0; wait < WAITS_MAX; wait += 1) {
    const standing = await showStanding();
    if (!standing) { notice(''); return; }
    if (standing.has_access) {
      notice('Your subscription is active. Enjoy the film.');
      write(PENDING, null);
      const video = config.videos.find((one) => one.access === 'tier' && one.min_tier === (tier || standing.tier))
        || config.videos.find((one) => one.access === 'members');
      if (video) await watch(video);
      return;
    }
    await pause(WAIT_MS);
  }
  notice('The payment has not arrived. Refresh the plan in a moment.', 'bad');
}

/** Asks what is on offer. */
export async function showPlans() {
  onClick('manage', openPortal);
  onClick('refresh', showStanding);
  const offer = await call('GET', '/v1/plans');
  if (offer.status === 200) plans = offer.body.plans;
  else problem('plans-problem', offer);
  byId('plan-list').replaceChildren(...plans.map(planTile));
}

/** Back from a payment or the portal, or just here: shows how it stands. */
export async function showOutcome() {
  const asked = new URLSearchParams(location.search);
  const [outcome, managed, pending] = [asked.get('checkout'), asked.has('portal'), read(PENDING)];
  // Loading the page again is not paying again.
  if (outcome || managed) history.replaceState(null, '', location.pathname);
  if (outcome === 'cancel') notice('You left the payment. Nothing was charged.', 'warn');
  if (outcome === 'success') await awaitAccess(pending && pending.tier);
  else if (session) await showStanding();
  // What was changed at the portal arrives by webhook, beside this page.
  if (managed && session) { await pause(WAIT_MS); await showStanding(); }
}

/** Nobody's payment is awaited any more. */
export function forgetPayment() {
  write(PENDING, null);
}
