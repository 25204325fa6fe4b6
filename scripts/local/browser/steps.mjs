// Runs named steps in order, one line each, and counts them.

let passed = 0;
let failed = 0;

/** Runs a step; `fault` is called when it fails. */
export async function run(name, work, fault) {
  try {
    const seen = await work();
    passed += 1;
    console.log(`ok    ${name}${seen ? ` (${seen})` : ''}`);
  } catch (error) {
    failed += 1;
    fault();
    console.log(`FAIL  ${name}\n      ${plain(error).split('\n').slice(0, 6).join('\n      ')}`);
  }
}

/** An error's text without the colours that some libraries put in. */
function plain(error) {
  return String(error.message || error).replace(/\u001b\[\d+m/g, '');
}

/** A claim with what was seen instead. */
export function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

/** Prints the count and gives the exit status. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
