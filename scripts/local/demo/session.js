// Whose tokens these are: every request goes through here, and the access token is renewed before it ends.
import { ask } from './wire.js';
import { read, write } from './page.js';

const KEY = 'streamly.session';
/** Renewed this long before its end, so that no clock and no slow request makes it late. */
const EARLY_MS = 30_000;

export let config = { gateway_url: '', paths: [], mail_url: null, videos: [], links: [] };
export let session = read(KEY);
let renewing = null;
let ended = () => {};

export function configure(published, onEnd) {
  config = published;
  ended = onEnd;
}

/** Whether the gateway has this path. */
export function has(path) {
  return config.paths.includes(path);
}

/** Keeps what a login, a renewal or a change of the password gave. */
export function keep(tokens, email = session && session.email) {
  const { access_token, refresh_token, expires_in, session_id } = tokens;
  session = { email, access_token, refresh_token, session_id, ends: Date.now() + expires_in * 1000 };
  write(KEY, session);
}

export function rename(email) {
  session = { ...session, email };
  write(KEY, session);
}

export function forget() {
  session = null;
  write(KEY, null);
}

/** A request without anybody's token. */
export function say(method, path, body) {
  return ask(config.gateway_url, null, method, path, body);
}

/** A request in the caller's name, if somebody is logged in. */
export async function call(method, path, body, extra) {
  if (session && session.ends - Date.now() < EARLY_MS && has('/v1/token/refresh')) {
    const renewed = await renew();
    if (renewed.ended) return renewed;
  }
  return ask(config.gateway_url, session && session.access_token, method, path, body, extra);
}

/** Trades the refresh token for the next pair, however many ask for it. */
export function renew() {
  renewing ??= rotate().finally(() => { renewing = null; });
  return renewing;
}

async function rotate() {
  const reply = await say('POST', '/v1/token/refresh', { refresh_token: session.refresh_token });
  if (reply.status === 200) keep(reply.body);
  else sessionEnded(reply);
  return reply;
}

/** A refused token ends the session here as well; anything else is the caller's to show. */
export function sessionEnded(reply) {
  if (session !== null && reply.status === 401) {
    reply.ended = true;
    ended();
  }
  return reply.ended === true;
}
