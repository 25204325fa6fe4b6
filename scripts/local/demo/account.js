// The account: making one, proving its address, its sessions, its password, its data, its end.
import { byId, clearProblems, factRows, make, moment, notice, onClick, onSubmit, problem, refuse } from './page.js';
import { call, config, forget, has, keep, rename, renew, say, session, sessionEnded } from './session.js';

/** Told when somebody has logged in, and when nobody is any more. */
let changed = () => {};
/** What a mailed link brought: the address without it is all that stays in the history. */
let mailed = null;

// ---- Without a session ------------------------------------------------------------------------------------------

async function enter(form, submitter) {
  const body = { email: byId('email').value, password: byId('password').value };
  const action = submitter ? submitter.value : 'login';
  if (action === 'forgot' || action === 'resend') { await askForMail(form, action, body.email); return; }
  if (action === 'register') {
    const made = await say('POST', '/v1/register', body);
    if (made.status === 202) { mailComes('A mail is on its way. Open its link, then log in.', body.email); return; }
    if (made.status !== 201) { refuse('account-problem', form, made); return; }
  }
  const reply = await say('POST', '/v1/login', body);
  if (reply.status !== 200) { refuse('account-problem', form, reply); return; }
  keep(reply.body, body.email);
  if (action === 'register') mailComes('Your account is made. A mail asks you to confirm the address.', body.email);
  form.reset();
  await changed(true);
}

async function askForMail(form, action, email) {
  const path = action === 'forgot' ? '/v1/password/forgot' : '/v1/email/verify/resend';
  const reply = await say('POST', path, { email });
  if (reply.status === 202) mailComes('If there is such an account, a mail is on its way.', email);
  else refuse('account-problem', form, reply);
}

/** The local stack catches mails: a link to them takes the place of a mailbox. */
function mailComes(text, email) {
  const url = config.mail_url && `${config.mail_url}/?${new URLSearchParams({ to: email })}`;
  notice(text, '', url && make('a', { href: url, textContent: 'Read the mail', target: '_blank', rel: 'noopener' }));
}

async function confirm(form) {
  const reply = await say('POST', '/v1/email/verify', { token: mailed.token });
  if (reply.status !== 204) { refuse('account-problem', form, reply); return; }
  leaveMail();
  notice('The address is confirmed.');
  if (session) await showAccount();
  else byId('email').focus();
}

async function reset(form) {
  const reply = await say('POST', '/v1/password/reset', { token: mailed.token, new_password: byId('reset-new').value });
  if (reply.status !== 204) { refuse('account-problem', form, reply); return; }
  form.reset();
  leaveMail();
  if (session) end('Your new password is set, and every session has ended. Log in with it.');
  else notice('Your new password is set. Log in with it.');
  byId('email').focus();
}

function leaveMail() {
  mailed = null;
  render();
}

function example() {
  byId('email').value = `viewer-${crypto.randomUUID().slice(0, 8)}@example.com`;
  byId('password').value = 'a film a day keeps the noise away';
  byId('register').focus();
}

// ---- With one ---------------------------------------------------------------------------------------------------

/** Asks who this is, and shows it. */
export async function showAccount() {
  if (!has('/v1/account')) return;
  const reply = await call('GET', '/v1/account');
  if (sessionEnded(reply)) return;
  if (reply.status !== 200) { problem('account-problem', reply); return; }
  const { id, email, email_verified: verified, created_at: since } = reply.body;
  rename(email);
  render();
  byId('account-facts').replaceChildren(...factRows({ 'E-mail address': email, Confirmed: verified ? 'yes' : 'not yet', Since: moment(since), Id: id }));
  for (const button of document.querySelectorAll('#again')) button.hidden = verified;
  if (isOpen()) await showSessions();
}

function isOpen() {
  return document.querySelector('#sessions[open]') !== null;
}

async function showSessions() {
  const reply = await call('GET', '/v1/account/sessions');
  if (sessionEnded(reply)) return;
  if (reply.status !== 200) { problem('account-problem', reply); return; }
  byId('session-list').replaceChildren(...reply.body.sessions.map(sessionRow));
}

function sessionRow({ id, created_at: since, last_used_at: used, ip_prefix: place, user_agent: agent, current }) {
  const button = make('button', { type: 'button', className: 'quiet', textContent: 'End' });
  button.setAttribute('aria-label', `End the session of ${moment(since)}`);
  button.dataset.session = id;
  button.addEventListener('click', () => endSession(id));
  return make('li', {},
    make('p', {}, make('strong', { textContent: browser(agent) }), current ? make('span', { className: 'badge good', textContent: 'this one' }) : null),
    make('p', { className: 'hint', textContent: `Since ${moment(since)}, last used ${moment(used)}, from ${place || 'an unknown address'}` }),
    current ? null : button);
}

/** What people call a browser, of the many names that each gives itself. */
function browser(agent) {
  const found = /(Firefox|Edg|OPR|HeadlessChrome|Chrome|Safari)\/[\d]+/.exec(agent || '');
  return found ? found[0].replace('/', ' ') : agent || 'An unknown program';
}

async function endSession(id) {
  clearProblems();
  const reply = await call('DELETE', `/v1/account/sessions/${id}`);
  if (sessionEnded(reply)) return;
  if (reply.status === 204) { notice('That session has ended. Its next request is refused.'); await showSessions(); }
  else problem('account-problem', reply);
}

async function logOut(scope) {
  if (has('/v1/logout')) {
    const reply = await say('POST', '/v1/logout', { refresh_token: session.refresh_token, scope });
    if (reply.status !== 204) { problem('account-problem', reply); return; }
  }
  if (scope === 'others') { notice('All other sessions have ended.'); await showSessions(); }
  else end(scope === 'all' ? 'You are logged out everywhere.' : 'You are logged out.');
}

/** Nobody is logged in here any more. */
export function end(reason) {
  forget();
  clearProblems();
  for (const part of document.querySelectorAll('#session-list, #exported, #account-facts')) part.replaceChildren();
  notice(reason, 'warn');
  render();
  changed(false);
  byId('email').focus();
}

async function changePassword(form) {
  const reply = await call('POST', '/v1/password/change', values(form));
  if (sessionEnded(reply)) return;
  if (reply.status !== 200) { refuse('account-problem', form, reply); return; }
  keep(reply.body);
  close(form);
  notice('Your password is changed, and every other session has ended.');
  await showAccount();
}

async function changeEmail(form) {
  const body = values(form);
  const reply = await call('POST', '/v1/email/change', body);
  if (sessionEnded(reply)) return;
  if (reply.status !== 202) { refuse('account-problem', form, reply); return; }
  close(form);
  mailComes('A mail to the new address asks you to confirm it. Until then nothing changes.', body.new_email);
}

async function exportAll() {
  const reply = await call('GET', '/v1/account/export');
  if (sessionEnded(reply)) return;
  if (reply.status !== 200) { problem('account-problem', reply); return; }
  byId('exported').textContent = JSON.stringify(reply.body, null, 2);
}

async function deleteAccount(form) {
  const reply = await call('DELETE', '/v1/account', values(form));
  if (sessionEnded(reply)) return;
  if (reply.status !== 202) { refuse('account-problem', form, reply); return; }
  form.reset();
  end(`Your account is deleted. What is stored about you is erased on ${moment(reply.body.deletes_at)}.`);
}

function close(form) {
  form.reset();
  form.closest('details').open = false;
}

function values(form) {
  return Object.fromEntries(new FormData(form));
}

// ---- The card ---------------------------------------------------------------------------------------------------

export function render() {
  const known = session !== null;
  byId('who').hidden = !known;
  byId('who-email').textContent = known ? session.email : '';
  byId('confirm-form').hidden = !mailed || mailed.page !== '/verify-email';
  byId('reset-form').hidden = !mailed || mailed.page !== '/reset-password';
  byId('account-form').hidden = known || mailed !== null;
  byId('account-home').hidden = !known || mailed !== null;
  byId('account-done').textContent = known ? `Logged in as ${session.email}.` : '';
  byId('account').className = `card ${known ? 'finished' : 'current'}`;
}

/** Takes the token out of the address, where it would stay in the history and on the screen. */
function takeMail() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  const page = location.pathname;
  if (token) mailed = { page, token };
  if (page === '/forgot-password') notice('Write your address below and choose “Forgot the password?”.');
  if (page !== '/') history.replaceState(null, '', '/');
}

/** Sets the card up; `onChange` is told when somebody has logged in, and when nobody is any more. */
export async function begin(onChange) {
  changed = onChange;
  onSubmit('account-form', enter);
  onSubmit('confirm-form', confirm);
  onSubmit('reset-form', reset);
  onSubmit('password-form', changePassword);
  onSubmit('email-form', changeEmail);
  onSubmit('delete-form', deleteAccount);
  onClick('sample', example);
  onClick('logout', () => logOut('session'));
  onClick('end-others', () => logOut('others'));
  onClick('end-all', () => logOut('all'));
  onClick('look', showAccount);
  onClick('again', () => askForMail(byId('account-form'), 'resend', session.email));
  onClick('renew', async () => {
    const reply = await renew();
    if (reply.status === 200) notice('The tokens are renewed. The former refresh token is spent.');
    else if (!sessionEnded(reply)) problem('account-problem', reply);
  });
  onClick('export', exportAll);
  byId('sessions').addEventListener('toggle', () => { if (isOpen() && session) showSessions(); });
  for (const part of document.querySelectorAll('[data-needs]')) if (!has(part.dataset.needs)) part.remove();
  takeMail();
  // A second link in the same tab changes the fragment alone.
  addEventListener('hashchange', () => { takeMail(); render(); });
  render();
  if (session) await showAccount();
}
