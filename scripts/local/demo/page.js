// The page's small pieces: elements, what is remembered, what is said of problems.
import { make } from './wire.js';

export { make };
export const byId = (id) => document.getElementById(id);

/** What this tab remembers; another browser, or another tab, is another person. */
export function read(key) {
  try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; }
}

export function write(key, value) {
  if (value === null) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, JSON.stringify(value));
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export function moment(text) {
  return text ? new Date(text).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }) : '–';
}

export function time(text) {
  return text ? new Date(text).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '–';
}

export function factRows(rows) {
  return Object.entries(rows).map(([name, value]) =>
    make('div', {}, make('dt', { textContent: name }), make('dd', { textContent: value })));
}

export function slug(reply) {
  return String(reply.body.type || '').replace('urn:streamly:problem:', '');
}

/** What went wrong, in the server's words, with the field that each fault belongs to. */
export function problem(place, reply, advice = null) {
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

/** A problem of a form, whose faults stand at its fields, too. */
export function refuse(place, form, reply) {
  problem(place, reply);
  for (const { pointer, detail, code } of reply.body.errors || []) {
    const field = form.elements.namedItem(pointer.replace('#/', ''));
    if (field) fault(field, detail || code);
  }
  const wrong = form.querySelector('[aria-invalid="true"]');
  if (wrong) wrong.focus();
}

function fault(field, text) {
  field.setAttribute('aria-invalid', String(text !== null));
  const place = byId(`${field.id}-fault`);
  place.hidden = text === null;
  place.textContent = text || '';
}

export function notice(text, kind = '', link = null) {
  const said = text && make('div', { className: `notice ${kind}` }, make('strong', { textContent: text }), link && make('p', {}, link));
  byId('notice').replaceChildren(...(said ? [said] : []));
}

export function clearProblems() {
  for (const place of document.querySelectorAll('.problem')) place.replaceChildren();
  for (const field of document.querySelectorAll('[aria-invalid="true"]')) fault(field, null);
}

/** Does something once at a time: the buttons wait for it. */
export async function busy(form, work) {
  const buttons = form.querySelectorAll('button');
  buttons.forEach((button) => { button.disabled = true; });
  try { await work(); } finally { buttons.forEach((button) => { button.disabled = false; }); }
}

/** What a form does, with what was said of the last attempt gone. */
export function onSubmit(id, work) {
  const form = byId(id);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearProblems();
    notice('');
    busy(form, () => work(form, event.submitter));
  });
}

/** What a button does. */
export function onClick(id, work) {
  const button = byId(id);
  button.addEventListener('click', async () => {
    clearProblems();
    button.disabled = true;
    try { await work(button); } finally { button.disabled = false; }
  });
}
