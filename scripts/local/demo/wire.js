// The list of requests beside the demo page: what was sent and what came back, without what opens anything.

const byId = (id) => document.getElementById(id);
const ENTRIES_MAX = 80;

/** An element with properties and children; text becomes a text node, so nothing that a server says is markup. */
export function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Tokens are keys: what is shown of them tells them apart and opens nothing. */
function shorten(text) {
  return text.replace(/[\w-]{12,}\.[\w-]{12,}\.[\w-]{12,}/g, (token) => `${token.slice(0, 8)}…${token.slice(-4)}`);
}

function readable(value) {
  const hidden = (name, member) => {
    if (/password/.test(name)) return '••••••••';
    if (/^(access_|refresh_)?token$/.test(name) && typeof member === 'string') return `${member.slice(0, 8)}…${member.slice(-4)}`;
    return typeof member === 'string' ? shorten(member) : member;
  };
  return JSON.stringify(value, hidden, 2);
}

let newest = null;

/** Adds a request to the list, or counts it up where it repeats the newest. */
export function show(method, path, status, milliseconds, sent, came) {
  const label = `${method} ${path.replace(/\/\d+\.ts/, '/….ts')} ${status}`;
  byId('wire-empty').hidden = true;
  if (newest && newest.label === label) {
    newest.count += 1;
    newest.where.textContent = shorten(path);
    newest.times.textContent = ` ×${newest.count}`;
    newest.fill(sent, came, milliseconds);
    return;
  }
  const where = make('span', { textContent: shorten(path) });
  const times = make('span', { className: 'times' });
  const inside = make('div', { className: 'inside' });
  const good = status >= 200 && status < 300;
  const item = make('li', {}, make('details', {},
    make('summary', {},
      make('span', { className: 'method', textContent: method }),
      make('span', { className: 'path' }, where, times),
      make('span', { className: good ? 'status' : 'status bad', textContent: status || 'no answer' })),
    inside));
  const part = (title, value) => (value === undefined ? [] : [make('h3', { textContent: title }), make('pre', { textContent: value })]);
  const fill = (sentNow, cameNow, took) => inside.replaceChildren(
    ...part('Sent', sentNow), ...part(`Came back${took === undefined ? '' : ` after ${Math.round(took)} ms`}`, cameNow));
  fill(sent, came, milliseconds);
  newest = { label, where, times, fill, count: 1 };
  const list = byId('wire-list');
  list.prepend(item);
  while (list.children.length > ENTRIES_MAX) list.lastElementChild.remove();
}

/** Empties the list. */
export function clear() {
  byId('wire-list').replaceChildren();
  byId('wire-empty').hidden = false;
  newest = null;
}

/** Asks the gateway; an answer that is no JSON is shown as text. */
export async function ask(base, token, method, path, body, extra = {}) {
  const headers = { ...extra };
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  const shown = Object.entries(headers).map(([name, value]) => `${name}: ${shorten(value)}\n`).join('');
  const sent = `${shown}${body ? `\n${readable(body)}` : ''}`.trim() || undefined;
  const start = performance.now();
  let reply;
  try {
    reply = await fetch(base + path, { method, headers, body: body ? JSON.stringify(body) : undefined });
  } catch {
    show(method, path, 0, performance.now() - start, sent, 'The gateway did not answer, or not to this page.');
    return { status: 0, body: { title: 'No answer', detail: 'The gateway did not answer. Is the stack still running?' } };
  }
  const text = await reply.text();
  let parsed = {};
  try { parsed = text ? JSON.parse(text) : {}; } catch { parsed = { detail: text }; }
  show(method, path, reply.status, performance.now() - start, sent, text ? readable(parsed) : undefined);
  return { status: reply.status, body: parsed };
}
