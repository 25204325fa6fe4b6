// The demo page's script: an account, a plan, a payment, a video, by the requests that an app sends.
import { ask, clear, make, show } from './wire.js';

const byId = (id) => document.getElementById(id);
const SESSION = 'streamly.session';
const PENDING = 'streamly.pending';
// The person may take a while to read; the webhook takes well below a second.
const WAIT_MS = 500;
const WAITS_MAX = 60;

let config = { gateway_url: '', videos: [], links: [] };
let plans = [];
let session = read(SESSION);
let sitting = null;

// ---- Small pieces -----------------------------------------------------------------------------------------------

function read(key) {
  try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; }
}

function write(key, value) {
  if (value === null) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, JSON.stringify(value));
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function moment(text) {
  return text ? new Date(text).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }) : '–';
}

function time(text) {
  return text ? new Date(text).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '–';
}

// ---- Requests and problems --------------------------------------------------------------------------------------

function call(method, path, body, extra) {
  return ask(config.gateway_url, session && session.access_token, method, path, body, extra);
}

function slug(reply) {
  return String(reply.body.type || '').replace('urn:streamly:problem:', '');
}

/** What went wrong, in the server's words, with the field that each fault belongs to. */
function problem(place, reply, advice = null) {
  const { title, message, detail, errors, request_id: id } = reply.body;
  const faults = (errors || []).map((fault) => make('li', {}, make('code', { textContent: fault.pointer }), ` ${fault.detail || fault.code}`));
  byId(place).dataset.slug = slug(reply);
  byId(place).replaceChildren(make('div', {},
    make('strong', { textContent: title || message || `The answer was ${reply.status}` }),
    detail ? make('p', { textContent: detail }) : null,
    faults.length ? make('ul', {}, ...faults) : null,
    advice ? make('p', {}, advice) : null,
    id ? make('p', { className: 'hint' }, 'Request ', make('code', { textContent: id })) : null));
}

function notice(text, kind = '') {
  byId('notice').replaceChildren(...(text ? [make('div', { className: `notice ${kind}` }, make('strong', { textContent: text }))] : []));
}

function clearProblems() {
  for (const place of document.querySelectorAll('.problem')) place.replaceChildren();
  for (const name of ['email', 'password']) fault(name, null);
}

function fault(name, text) {
  byId(name).setAttribute('aria-invalid', String(text !== null));
  byId(`${name}-fault`).hidden = text === null;
  byId(`${name}-fault`).textContent = text || '';
}

// ---- 1 Account --------------------------------------------------------------------------------------------------

async function submitAccount(event) {
  event.preventDefault();
  clearProblems();
  notice('');
  const body = { email: byId('email').value, password: byId('password').value };
  const action = event.submitter ? event.submitter.value : 'login';
  await busy(byId('account-form'), async () => {
    if (action === 'register') {
      const made = await call('POST', '/v1/register', body);
      if (made.status === 202) { notice('A mail is on its way. Open its link, then log in.'); return; }
      if (made.status !== 201) { refuseAccount(made); return; }
    }
    const reply = await call('POST', '/v1/login', body);
    if (reply.status !== 200) { refuseAccount(reply); return; }
    session = { email: body.email, access_token: reply.body.access_token };
    write(SESSION, session);
    byId('password').value = '';
    render();
    byId('plans-title').focus();
    await showStanding();
  });
}

function refuseAccount(reply) {
  problem('account-problem', reply);
  for (const { pointer, detail, code } of reply.body.errors || []) {
    const name = pointer.replace('#/', '');
    if (name === 'email' || name === 'password') fault(name, detail || code);
  }
  const wrong = document.querySelector('[aria-invalid="true"]');
  if (wrong) wrong.focus();
}

function logOut(reason = 'You are logged out.') {
  session = null;
  write(SESSION, null);
  write(PENDING, null);
  stop();
  clearProblems();
  notice(reason, 'warn');
  render();
  byId('email').focus();
}

/** A refused token ends the session here as well; anything else is the caller's to show. */
function sessionEnded(reply) {
  const ended = session !== null && reply.status === 401;
  if (ended) logOut('Your session has ended. Log in again.');
  return ended;
}

async function busy(form, work) {
  const buttons = form.querySelectorAll('button');
  buttons.forEach((button) => { button.disabled = true; });
  try { await work(); } finally { buttons.forEach((button) => { button.disabled = false; }); }
}

// ---- 2 Plan -----------------------------------------------------------------------------------------------------

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
async function showStanding() {
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
  clearProblems();
  byId('manage').disabled = true;
  const reply = await call('POST', '/v1/portal');
  byId('manage').disabled = false;
  if (reply.status === 200) location.assign(reply.body.url);
  else if (!sessionEnded(reply)) problem('plans-problem', reply);
}

/** Back from the payment: asks how it stands until there is access, as the payment arrives by webhook, beside this page. */
async function awaitAccess(tier) {
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
      if (video) await open(video);
      return;
    }
    await pause(WAIT_MS);
  }
  notice('The payment has not arrived. Refresh the plan in a moment.', 'bad');
}

// ---- 3 Watch ----------------------------------------------------------------------------------------------------

function access(video) {
  if (video.access === 'free') return ['good', 'free'];
  if (video.access === 'members') return ['', 'for members'];
  return ['warn', `tier “${video.min_tier}”`];
}

function videoTile(video) {
  const [kind, text] = access(video);
  const preview = video.preview_seconds ? `, ${video.preview_seconds} s preview` : '';
  const button = make('button', { type: 'button', className: 'tile' },
    make('span', { className: `badge ${kind}`, textContent: text + preview }),
    make('span', { className: 'title', textContent: video.title }),
    make('span', { className: 'hint', textContent: video.about }));
  button.setAttribute('aria-pressed', 'false');
  button.dataset.video = video.id;
  button.addEventListener('click', () => open(video));
  return make('li', {}, button);
}

function select(video) {
  for (const button of document.querySelectorAll('[data-video]')) {
    button.setAttribute('aria-pressed', String(button.dataset.video === video.id));
  }
}

async function open(video) {
  clearProblems();
  stop();
  select(video);
  const reply = await call('GET', `/v1/videos/${video.id}/playback`);
  if (reply.status === 200) play(video, reply.body);
  else if (!sessionEnded(reply)) refuseVideo(reply);
}

function refuseVideo(reply) {
  const advice = {
    'missing-token': ['Log in first.', 'account'],
    'subscription-required': ['Choose a plan first.', 'plans'],
    'subscription-lapsed': ['Choose a plan again.', 'plans'],
    'payment-required': ['A payment is due.', 'plans'],
    'tier-required': [`It needs the tier “${reply.body.required_tier}”.`, 'plans'],
  }[slug(reply)];
  problem('watch-problem', reply, advice ? make('a', { href: `#${advice[1]}`, textContent: advice[0] }) : null);
}

/** Plays what an answer of playback says, from `position` on where it replaces an earlier answer. */
function play(video, answer, position = answer.resume_position_seconds || 0) {
  stop();
  const player = byId('player');
  byId('theatre').hidden = false;
  byId('theatre').scrollIntoView({ block: 'nearest' });
  if (answer.entitlement.reason === 'subscription') byId('plans').className = 'card finished';
  byId('playing').textContent = video.title;
  byId('kind').textContent = answer.kind === 'preview' ? 'preview' : 'full video';
  byId('kind').className = `badge ${answer.kind === 'preview' ? 'warn' : 'good'}`;
  if (answer.poster_url) player.poster = answer.poster_url;
  else player.removeAttribute('poster');
  facts(answer, '–');
  sitting = { hls: null, timer: refreshLater(video, answer) };
  if (window.Hls && Hls.isSupported()) sitting.hls = playWithHls(player, answer, position);
  else playNatively(player, answer, position);
  storyboard(answer.storyboard_url);
  // A browser may refuse to start sound without a click; the controls then wait for one.
  player.play().catch(() => {});
}

function playWithHls(player, answer, position) {
  // Without a worker, whose script would be a blob that the page's policy does not let in.
  const hls = new Hls({ enableWorker: false, startPosition: position || -1 });
  const seen = (url) => show('GET', new URL(url).pathname, 200, undefined, undefined, 'The video edge: see its address in the answer of playback.');
  hls.on(Hls.Events.MANIFEST_LOADED, (_, data) => seen(data.url));
  hls.on(Hls.Events.LEVEL_LOADED, (_, data) => seen(data.details.url));
  hls.on(Hls.Events.FRAG_LOADED, (_, data) => seen(data.frag.url));
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => facts(answer, `${hls.levels[data.level].height}p`));
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const status = data.response ? data.response.code : 0;
    problem('watch-problem', { status, body: { title: 'The video edge refuses', detail: `${data.details}: it answered ${status || 'nothing'}.` } });
  });
  hls.loadSource(answer.hls_url);
  hls.attachMedia(player);
  return hls;
}

/** Safari plays HLS by itself. */
function playNatively(player, answer, position) {
  player.src = answer.hls_url;
  player.addEventListener('loadedmetadata', () => { player.currentTime = position; }, { once: true });
  player.onerror = () => problem('watch-problem', { status: 0, body: { title: 'The video cannot be played' } });
}

/** A token does not outlive its time: before that, the same request renews it and the picture goes on where it was. */
function refreshLater(video, answer) {
  const wait = new Date(answer.refresh_after) - Date.now();
  return setTimeout(async () => {
    const again = answer.session_id ? `?session_id=${answer.session_id}` : '';
    const reply = await call('GET', `/v1/videos/${video.id}/playback${again}`);
    if (reply.status === 200) play(video, reply.body, byId('player').currentTime);
    else if (!sessionEnded(reply)) { stop(); refuseVideo(reply); }
  }, Math.max(wait, 1000));
}

function stop() {
  const player = byId('player');
  if (sitting) {
    clearTimeout(sitting.timer);
    if (sitting.hls) sitting.hls.destroy();
  }
  sitting = null;
  player.onerror = null;
  player.pause();
  player.removeAttribute('src');
  player.load();
  byId('storyboard').replaceChildren();
  byId('theatre').hidden = true;
}

function facts(answer, quality) {
  const { reason, tier, until, grace } = answer.entitlement;
  const rows = {
    'Why it plays': reason + (tier ? `, tier “${tier}”` : '') + (grace ? ', in grace' : ''),
    'Right until': moment(until),
    'Address expires': time(answer.expires_at),
    'Renewed after': time(answer.refresh_after),
    'Best quality': answer.max_resolution || 'no cap',
    'Now showing': quality,
  };
  byId('facts').replaceChildren(...factRows(rows));
}

function factRows(rows) {
  return Object.entries(rows).map(([name, value]) =>
    make('div', {}, make('dt', { textContent: name }), make('dd', { textContent: value })));
}

/** The storyboard's tiles as buttons that seek. */
async function storyboard(url) {
  const mine = sitting;
  if (!url) return;
  const reply = await fetch(url);
  show('GET', new URL(url).pathname, reply.status, undefined, undefined, 'The storyboard: which tile of one picture shows which second.');
  const text = reply.ok ? await reply.text() : '';
  const cues = text.matchAll(/(\d+):(\d+):([\d.]+) --> .*\n(.+)#xywh=(\d+),(\d+),(\d+),(\d+)/g);
  const tiles = [...cues].map(([, hours, minutes, seconds, picture, x, y, width, height]) => {
    const start = hours * 3600 + minutes * 60 + Number(seconds);
    const button = make('button', { type: 'button', title: `Second ${start}` });
    button.setAttribute('aria-label', `Go to second ${start}`);
    const scale = 128 / width;
    button.style.backgroundImage = `url("${picture}")`;
    button.style.backgroundPosition = `${-x * scale}px ${-y * scale}px`;
    button.style.backgroundSize = `${1024 * scale}px auto`;
    button.style.height = `${height * scale}px`;
    button.addEventListener('click', () => { byId('player').currentTime = start; });
    return button;
  });
  if (mine === sitting) byId('storyboard').replaceChildren(...tiles);
}

// ---- The page ---------------------------------------------------------------------------------------------------

function render() {
  const known = session !== null;
  byId('who').hidden = !known;
  byId('who-email').textContent = known ? session.email : '';
  byId('account-form').hidden = known;
  byId('account-done').hidden = !known;
  byId('account-done').textContent = known ? `Logged in as ${session.email}.` : '';
  byId('account').className = `card ${known ? 'finished' : 'current'}`;
  byId('plans').className = `card ${known ? 'current' : ''}`;
  byId('watch').className = `card ${known ? 'current' : ''}`;
  for (const button of document.querySelectorAll('[data-plan]')) button.disabled = !known;
  if (!known) byId('standing').hidden = true;
}

function example() {
  byId('email').value = `viewer-${crypto.randomUUID().slice(0, 8)}@example.com`;
  byId('password').value = 'a film a day keeps the noise away';
  clearProblems();
  byId('register').focus();
}

async function begin() {
  const reply = await fetch('config.json');
  if (!reply.ok) { notice('The stack is still starting. Load this page again in a moment.', 'warn'); return; }
  config = await reply.json();
  byId('links').replaceChildren(...config.links.map(({ name, url }) => make('a', { href: url, textContent: name })));
  byId('video-list').replaceChildren(...config.videos.map(videoTile));
  byId('account-form').addEventListener('submit', submitAccount);
  byId('logout').addEventListener('click', () => logOut());
  byId('sample').addEventListener('click', example);
  byId('clear').addEventListener('click', clear);
  byId('manage').addEventListener('click', openPortal);
  byId('refresh').addEventListener('click', () => { clearProblems(); showStanding(); });
  render();
  const offer = await call('GET', '/v1/plans');
  if (offer.status === 200) plans = offer.body.plans;
  else problem('plans-problem', offer);
  byId('plan-list').replaceChildren(...plans.map(planTile));

  const outcome = new URLSearchParams(location.search).get('checkout');
  const managed = new URLSearchParams(location.search).has('portal');
  const pending = read(PENDING);
  // Loading the page again is not paying again.
  if (outcome || managed) history.replaceState(null, '', location.pathname);
  if (outcome === 'cancel') notice('You left the payment. Nothing was charged.', 'warn');
  if (outcome === 'success') await awaitAccess(pending && pending.tier);
  else if (session) await showStanding();
  // What was changed at the portal arrives by webhook, beside this page.
  if (managed && session) { await pause(WAIT_MS); await showStanding(); }
}

begin();
