// What a component must do to be a suite of tests for slt: `--list` prints the names, `--exact NAME` runs one.
import { getArguments } from "wasi:cli/environment@0.2.12";

/// Answers slt. `tests` are functions by their names; those of `ignored` run with `--include-ignored` only.
export async function suite(tests, ignored = {}) {
  const [, flag, name] = getArguments();
  if (flag === "--list") {
    for (const test of Object.keys(tests)) console.log(`${test}: test`);
    for (const test of Object.keys(ignored)) console.log(`${test}: ignored`);
    return;
  }
  const test = { ...tests, ...ignored }[name];
  if (flag !== "--exact" || test === undefined) fail(`usage: --list, or --exact NAME; there is no test ${name}`);
  try {
    await test();
  } catch (error) {
    // slt shows all of it, and gives the last line as the reason
    fail(`${error.stack}${error}`);
  }
}

/// The error of `wasi:cli/run`, which is a `result` without a value, is the exit status of a failure.
function fail(message) {
  console.error(message);
  throw undefined;
}
