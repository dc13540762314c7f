import { test } from "node:test";
import { type Harness, type HarnessOptions, withHarness } from "./harness";

/** How long a journey may take, with the set-up and teardown of its harness, in milliseconds. */
const JOURNEY_TIMEOUT = 90_000;

/** Registers a test that runs on a harness of its own. */
export function journey(
  name: string,
  run: (harness: Harness) => Promise<void>,
  options: HarnessOptions = {},
): void {
  test(name, { timeout: JOURNEY_TIMEOUT }, () => withHarness(name, run, options));
}
