// What the checks by Node share: the variables of a stack, plain HTTP, and a count of claims that held.
import { readFileSync } from 'node:fs';

/** The variables of a stack.env file, lines of KEY=value with the value in single quotes where a shell needs them. */
export function stackVariables(path) {
  const variables = {};
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [, key, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
    if (key) variables[key] = unquoted(value);
  }
  return variables;
}

function unquoted(value) {
  return value.startsWith("'") ? value.slice(1, -1).replaceAll(`'\\''`, "'") : value;
}

/** The decoded JSON of an answer of the stand-in's own control. */
export async function control(url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  return text ? JSON.parse(text) : undefined;
}

let passed = 0;
let failed = 0;

/** Notes whether the claim holds, and shows what was seen where it does not. */
export function holds(claim, verdict, seen) {
  if (verdict) passed += 1;
  else failed += 1;
  console.log(verdict ? `ok      ${claim}` : `FAILED  ${claim}${seen === undefined ? '' : `: ${JSON.stringify(seen)}`}`);
}

/** Notes that the work is refused with an error of this class and, if one is named, with this code. */
export async function refuses(claim, kind, code, work) {
  try {
    holds(claim, false, await work());
  } catch (error) {
    holds(claim, error instanceof kind && (code === undefined || error.code === code), [error.type, error.code, error.message]);
  }
}

/** Runs each check; one that breaks is a failed claim, and the others still run. Gives the exit status. */
export async function run(checks) {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
    } catch (error) {
      holds(name, false, `${error.name}: ${error.message}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
