// Stripe's own Node library against a running stack: its client, its errors, its signatures, and deliveries read by it.
//
// Usage: node stripe_sdk.mjs STACK_ENV
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Stripe from 'stripe';
import { control, holds, refuses, run, stackVariables } from './claims.mjs';

const PINNED = '2026-09-30.endive';
if (process.argv.length !== 3) {
  console.error('Usage: node stripe_sdk.mjs STACK_ENV');
  process.exit(2);
}
const stack = stackVariables(process.argv[2]);
const base = new URL(stack.STRIPE_API_BASE);
const secret = stack.STRIPE_WEBHOOK_SECRET.split(',')[0].trim();
const webhook = `${stack.STREAMLY_WEBHOOK_URL || stack.STREAMLY_GATEWAY_URL}/v1/webhooks/stripe`;
const price = JSON.parse(stack.PLANS)[0].price_id;
const isStandIn = base.hostname === '127.0.0.1';
const options = {
  protocol: base.protocol.replace(':', ''),
  host: base.hostname,
  port: base.port || undefined,
  maxNetworkRetries: 0,
  telemetry: false,
};
const stripe = new Stripe(stack.STRIPE_SECRET_KEY, options);
const { errors } = Stripe;

/** A customer with a card on file. */
const payer = () => stripe.customers.create({
  email: 'node@example.com',
  payment_method: 'pm_card_visa',
  invoice_settings: { default_payment_method: 'pm_card_visa' },
});

const subscribe = (customer, more = {}) => stripe.subscriptions.create({ customer: customer.id, items: [{ price }], ...more });

/** A Checkout session for this customer. */
const session = (customer, more = {}) => stripe.checkout.sessions.create({
  mode: 'subscription',
  customer: customer.id,
  line_items: [{ price, quantity: 1 }],
  success_url: 'http://127.0.0.1/done?session_id={CHECKOUT_SESSION_ID}',
  cancel_url: 'http://127.0.0.1/back',
  ...more,
});

/** Everything that an automatically paged list gives. */
async function all(list) {
  const found = [];
  for await (const one of list) found.push(one);
  return found;
}

async function version() {
  const made = await stripe.customers.create({ email: 'node@example.com' });
  holds('the library speaks the pinned version', made.lastResponse.apiVersion === PINNED, made.lastResponse.apiVersion);
  holds('and names each request', made.lastResponse.requestId.startsWith('req_'), made.lastResponse.requestId);
}

async function customers() {
  const made = await stripe.customers.create({ email: 'node@example.com', metadata: { from: 'node' } });
  const seen = await stripe.customers.retrieve(made.id);
  holds('a customer is retrieved as it was created', seen.email === 'node@example.com' && seen.metadata.from === 'node', seen);
  const changed = await stripe.customers.update(made.id, { name: 'Ada', metadata: { from: '' } });
  holds('and changed', changed.name === 'Ada' && changed.metadata.from === undefined, changed);
  const key = { idempotencyKey: randomUUID() };
  const [one, two] = [await stripe.customers.create({ email: 'a@example.com' }, key), await stripe.customers.create({ email: 'a@example.com' }, key)];
  holds('one idempotency key makes one customer', one.id === two.id, [one.id, two.id]);
  holds('the second answer is marked as a replay', two.lastResponse.headers['idempotent-replayed'] === 'true');
  const other = () => stripe.customers.create({ email: 'b@example.com' }, key);
  await refuses('the key serves no other parameters', errors.StripeIdempotencyError, undefined, other);
  const gone = await stripe.customers.del(made.id);
  holds('a customer is deleted', gone.deleted === true);
}

async function pages() {
  const email = `${randomUUID()}@example.com`;
  const made = [];
  for (let count = 0; count < 5; count += 1) made.push((await stripe.customers.create({ email })).id);
  const listed = (await all(stripe.customers.list({ email, limit: 2 }))).map((one) => one.id);
  holds('five customers come in pages of two, newest first', `${listed}` === `${[...made].reverse()}`, listed);
  const backwards = (await all(stripe.customers.list({ email, limit: 2, ending_before: made[0] }))).map((one) => one.id);
  holds('and backwards', `${backwards}` === `${made.slice(1)}`, backwards);
  const first = await stripe.customers.list({ email, limit: 3 });
  holds('a page says that there are more', first.has_more === true && first.data.length === 3, first.has_more);
}

async function checkout() {
  const customer = await payer();
  const made = await session(customer, { client_reference_id: 'node', subscription_data: { metadata: { from: 'node' } } });
  holds('a Checkout session is open and has a page', made.status === 'open' && made.url.startsWith('http'), made.status);
  const seen = await stripe.checkout.sessions.retrieve(made.id, { expand: ['customer', 'line_items'] });
  holds('it is retrieved with what it refers to', seen.customer.email === 'node@example.com' && seen.line_items.data[0].price.id === price);
  const items = await stripe.checkout.sessions.listLineItems(made.id);
  holds('its line items are listed', items.data[0].quantity === 1, items.data);
  const expired = await stripe.checkout.sessions.expire(made.id);
  holds('it expires', expired.status === 'expired' && expired.url === null, expired.status);
  const mine = (await all(stripe.events.list({ types: ['checkout.session.expired'], limit: 100 }))).filter((one) => one.data.object.id === made.id);
  holds('its event is listed, once', mine.length === 1, mine.length);
  const event = await stripe.events.retrieve(mine[0].id);
  holds('and retrieved in the pinned version', event.api_version === PINNED, event.api_version);
  const portal = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'http://127.0.0.1/back' });
  holds('a portal session has a page', portal.customer === customer.id && portal.url.startsWith('http'), portal.url);
}

async function subscriptions() {
  const customer = await payer();
  const made = await subscribe(customer, { metadata: { from: 'node' } });
  const [item] = made.items.data;
  holds('a subscription is active and has its period on the item', made.status === 'active' && item.current_period_end > made.created, made.status);
  const invoice = await stripe.invoices.retrieve(made.latest_invoice);
  const parent = invoice.parent.subscription_details;
  holds('its invoice is paid and names it', invoice.status === 'paid' && parent.subscription === made.id && parent.metadata.from === 'node', parent);
  const ending = await stripe.subscriptions.update(made.id, { cancel_at_period_end: true });
  holds('it is told to end with the period', ending.cancel_at === item.current_period_end && ending.status === 'active', ending.cancel_at);
  const resumed = await stripe.subscriptions.update(made.id, { cancel_at_period_end: false });
  holds('and told to go on', resumed.cancel_at === null && resumed.cancel_at_period_end === false);
  const paused = await stripe.subscriptions.pause(made.id, { type: 'subscription' });
  holds('it is paused', paused.status === 'paused' && paused.status_details.paused.type === 'subscription', paused.status);
  const back = await stripe.subscriptions.resume(made.id, { billing_cycle_anchor: { type: 'unchanged' } });
  holds('and resumed', back.status === 'active', back.status);
  const held = await stripe.subscriptions.update(made.id, { pause_collection: { behavior: 'void' } });
  holds('its collection is paused', held.pause_collection.behavior === 'void', held.pause_collection);
  const collected = await stripe.subscriptions.update(made.id, { pause_collection: '' });
  holds('and taken up', collected.pause_collection === null, collected.pause_collection);
  const canceled = await stripe.subscriptions.cancel(made.id);
  holds('it is canceled', canceled.status === 'canceled' && canceled.ended_at > 0, canceled.status);
  const living = await all(stripe.subscriptions.list({ customer: customer.id }));
  const ever = await all(stripe.subscriptions.list({ customer: customer.id, status: 'all' }));
  holds('it is listed only where all are asked for', living.length === 0 && ever.length === 1, [living.length, ever.length]);
}

async function payments() {
  const customer = await payer();
  const made = await stripe.paymentIntents.create({ amount: 2000, currency: 'eur', customer: customer.id, payment_method: 'pm_card_visa', confirm: true, expand: ['latest_charge'] });
  holds('a payment succeeds with its charge', made.status === 'succeeded' && made.latest_charge.paid === true, made.status);
  const refund = await stripe.refunds.create({ payment_intent: made.id, amount: 500 });
  const charge = await stripe.charges.retrieve(refund.charge);
  holds('some of it is refunded', charge.amount_refunded === 500 && charge.refunded === false, charge.amount_refunded);
  const more = () => stripe.refunds.create({ payment_intent: made.id, amount: 1501 });
  await refuses('and no more than it was', errors.StripeInvalidRequestError, undefined, more);
  const disputed = await stripe.paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: 'pm_card_createDispute', confirm: true });
  const [dispute] = (await stripe.disputes.list({ payment_intent: disputed.id })).data;
  holds('a test card disputes its payment', dispute?.status === 'needs_response', dispute);
  const closed = await stripe.disputes.close(dispute.id);
  holds('the dispute is accepted', closed.status === 'lost', closed.status);
  const asked = await stripe.paymentIntents.create({ amount: 2000, currency: 'eur', payment_method: 'pm_card_threeDSecure2Required', confirm: true, return_url: 'http://127.0.0.1/back' });
  holds('another asks its owner', asked.status === 'requires_action' && asked.next_action.redirect_to_url.return_url === 'http://127.0.0.1/back', asked.next_action);
  const body = new URLSearchParams({ action: 'authenticate' });
  const answer = await fetch(asked.next_action.redirect_to_url.url, { method: 'POST', body, redirect: 'manual' });
  const back = answer.headers.get('location') ?? '';
  holds('who comes back with a yes', answer.status === 303 && back.includes('redirect_status=succeeded'), [answer.status, back]);
  const paid = await stripe.paymentIntents.retrieve(asked.id);
  holds('which pays', paid.status === 'succeeded' && paid.next_action === null, paid.status);
}

async function refusals() {
  const { StripeInvalidRequestError: Invalid, StripeCardError, StripeAuthenticationError } = errors;
  await refuses('an unknown customer', Invalid, 'resource_missing', () => stripe.customers.retrieve('cus_unknown'));
  const customer = await stripe.customers.create({ email: 'node@example.com' });
  const typed = () => session(customer, { payment_method_types: ['card'] });
  await refuses('a parameter that the version has no more', Invalid, 'parameter_unknown', typed);
  await refuses('a parameter that no list has', Invalid, 'parameter_unknown', () => stripe.events.list({ colour: 'red' }));
  const declined = () => stripe.customers.create({ payment_method: 'pm_card_visa_chargeDeclined' });
  await refuses('a declined card', StripeCardError, 'card_declined', declined);
  const stranger = new Stripe('sk_test_wrong', options);
  await refuses('a wrong key', StripeAuthenticationError, undefined, () => stranger.customers.list());
}

async function faults() {
  const inject = (fault, times = 1) => control(`${base.origin}/_fake/faults`, { path: '/v1/customers', times, fault });
  const create = () => stripe.customers.create({ email: 'node@example.com' });
  await inject({ kind: 'status', status: 429 });
  await refuses('too many requests', errors.StripeRateLimitError, 'rate_limit', create);
  await inject({ kind: 'status', status: 500 });
  await refuses("a fault of Stripe's own", errors.StripeAPIError, undefined, create);
  // A connection that was kept open may have ended before the request: the library tries that once more unasked.
  await inject({ kind: 'close' }, 2);
  await refuses('a connection that ends', errors.StripeConnectionError, undefined, create);
  const patient = new Stripe(stack.STRIPE_SECRET_KEY, { ...options, maxNetworkRetries: 1 });
  await inject({ kind: 'status', status: 500 });
  const made = await patient.customers.create({ email: 'node@example.com' });
  holds('the library asks again after a fault, and is served', made.id.startsWith('cus_'), made.id);
}

const send = async (body, signature) => {
  const answer = await fetch(webhook, { method: 'POST', headers: { 'stripe-signature': signature }, body });
  return [answer.status, await answer.json()];
};

async function signatures() {
  const payload = JSON.stringify({
    id: `evt_node${randomUUID()}`,
    object: 'event',
    api_version: PINNED,
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: 'prod_node', object: 'product', name: 'Café' } },
    livemode: stack.STRIPE_LIVEMODE === 'true',
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'product.created',
  }, null, 2);
  const sign = (more) => stripe.webhooks.generateTestHeaderString({ payload, secret, ...more });
  holds('the library accepts its own signature', stripe.webhooks.constructEvent(payload, sign({}), secret).type === 'product.created');
  let [status, said] = await send(payload, sign({}));
  holds('the webhook accepts it', status === 200 && said.received === true && said.outcome !== 'duplicate', [status, said]);
  [status, said] = await send(payload, sign({}));
  holds('and knows it the second time', status === 200 && said.outcome === 'duplicate', [status, said]);
  const refused = ([code, problem]) => code === 400 && problem.type === 'urn:streamly:problem:invalid-signature';
  const changed = [payload.replace('prod_node', 'prod_nodf'), sign({})];
  const now = Math.floor(Date.now() / 1000);
  const cases = {
    'one byte of the body changed': changed,
    'a line break added': [`${payload}\n`, sign({})],
    "another secret's signature": [payload, stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_another' })],
    'a signature of another scheme': [payload, sign({ scheme: 'v0' })],
    'a signature of 301 seconds ago': [payload, sign({ timestamp: now - 301 })],
    'a signature of a future time': [payload, sign({ timestamp: now + 310 })],
  };
  for (const [name, [body, header]] of Object.entries(cases)) {
    const answer = await send(body, header);
    holds(`${name} is refused`, refused(answer), answer);
  }
}

/**
 * Takes the stand-in's deliveries for as long as the work lasts and until `enough` says so: each as it came, with its
 * signature.
 */
async function receiving(how, work, enough) {
  const received = [];
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      received.push([Buffer.concat(parts), request.headers['stripe-signature']]);
      response.end();
    });
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const hook = `${base.origin}/_fake/webhooks`;
  const before = await control(hook, {});
  await control(hook, { ...how, url: `http://127.0.0.1:${server.address().port}/` });
  try {
    await work();
    for (let waited = 0; !enough(received) && waited < 10_000; waited += 20) await new Promise((go) => setTimeout(go, 20));
  } finally {
    await control(hook, before);
    server.closeAllConnections();
    server.close();
  }
  return received;
}

async function deliveries() {
  const customer = await payer();
  const made = await session(customer);
  const pay = async () => {
    const body = new URLSearchParams({ action: 'pay', card_number: '4242424242424242' });
    const paid = await fetch(made.url, { method: 'POST', body, redirect: 'manual' });
    holds('the page leads on after paying', paid.status === 303 && paid.headers.get('location').includes(made.id), paid.status);
  };
  const wanted = ['"checkout.session.completed"', '"customer.subscription.created"'];
  const received = await receiving({}, pay, (all) => wanted.every((word) => all.some(([body]) => body.includes(word))));
  const events = received.map(([body, header]) => [stripe.webhooks.constructEvent(body, header, secret), body, header]);
  const kinds = events.map(([event]) => event.type);
  holds("the library accepts the stand-in's signatures", kinds.includes('checkout.session.completed'), kinds);
  const [event, body, header] = events.find(([one]) => one.type === 'customer.subscription.created') ?? [];
  holds('and reads its subscription', event?.data.object.status === 'active', kinds);
  body[body.length - 2] ^= 1;
  const changed = async () => stripe.webhooks.constructEvent(body, header, secret);
  await refuses('but not with one byte changed', errors.StripeSignatureVerificationError, undefined, changed);
}

async function thin() {
  const customer = await payer();
  const [[body, header]] = await receiving({ thin: 'instead' }, () => subscribe(customer), (all) => all.some(([one]) => one.includes('subscription.created')));
  const notification = stripe.parseEventNotification(body, header, secret);
  const { type, related_object: related } = notification;
  holds('the library reads a thin event', type.startsWith('v1.') && related.id.length > 0, notification);
  const fetched = await notification.fetchRelatedObject();
  holds('and fetches what it names', fetched.id === related.id, [fetched.id, related]);
}

const checks = { version, customers, pages, checkout, subscriptions, payments, refusals, signatures };
process.exit(await run(isStandIn ? { ...checks, faults, deliveries, thin } : checks));
