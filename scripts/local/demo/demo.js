// The demo page's script: an account, a plan, a payment, a video, by the requests that an app sends.
import { begin as beginAccount, end, render as renderAccount, showAccount } from './account.js';
import { byId, notice } from './page.js';
import { forgetPayment, showOutcome, showPlans, showStanding } from './plan.js';
import { configure, session } from './session.js';
import { showVideos, stop } from './watch.js';
import { clear } from './wire.js';

function render() {
  const known = session !== null;
  byId('plans').className = `card ${known ? 'current' : ''}`;
  byId('watch').className = `card ${known ? 'current' : ''}`;
  for (const button of document.querySelectorAll('[data-plan]')) button.disabled = !known;
  if (!known) byId('standing').hidden = true;
}

/** Somebody has logged in, or nobody is any more. */
async function changed(known) {
  renderAccount();
  render();
  if (known) {
    byId('plans-title').focus();
    await showAccount();
    await showStanding();
  } else {
    forgetPayment();
    stop();
  }
}

async function begin() {
  const reply = await fetch('config.json');
  if (!reply.ok) { notice('The stack is still starting. Load this page again in a moment.', 'warn'); return; }
  const config = await reply.json();
  configure(config, () => end('Your session has ended. Log in again.'));
  byId('links').replaceChildren(...config.links.map(({ name, url }) => Object.assign(document.createElement('a'), { href: url, textContent: name })));
  byId('clear').addEventListener('click', clear);
  showVideos();
  await beginAccount(changed);
  await showPlans();
  render();
  await showOutcome();
}

begin();
