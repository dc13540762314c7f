// @ts-check
/** Runs suites one after the other and tells how each ended. One that fails doesn't keep the others from running. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./prepare.mjs";
import { OUTCOMES } from "./suites.mjs";

/** How many seconds each suite took when it last passed, by its name. */
const SECONDS = join(root, "target", "suite-seconds.json");

/** @typedef {import("./suites.mjs").Suite} Suite */
/** @typedef {{ suite: Suite, why: string }} LeftOut */
/** @typedef {{ name: string, passed: boolean, seconds: number }} Ended */

/**
 * Runs suites and keeps their outcomes for the check table.
 * @param {readonly Suite[]} wanted
 * @returns {Promise<Ended[]>}
 */
export async function runSuites(wanted) {
  // What an earlier run left says nothing about this one.
  rmSync(OUTCOMES, { recursive: true, force: true });
  mkdirSync(OUTCOMES, { recursive: true });
  /** @type {Ended[]} */
  const ended = [];
  for (const { name, command, files = [] } of wanted) {
    const [program = "", ...args] = [...command, ...files];
    console.log(`\n=== ${name}`);
    const begun = Date.now();
    const suite = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    await once(suite, "close");
    const passed = suite.exitCode === 0;
    ended.push({ name, passed, seconds: (Date.now() - begun) / 1000 });
    const line = JSON.stringify({ kind: "suite", name, outcome: passed ? "passed" : "failed" });
    appendFileSync(join(OUTCOMES, "suites.jsonl"), `${line}\n`);
  }
  return ended;
}

/**
 * Prints how each suite ended, its seconds beside those of the last time, and what was left out; the last
 * line counts them. Returns whether all passed.
 * @param {readonly Ended[]} ended
 * @param {readonly LeftOut[]} leftOut
 */
export function report(ended, leftOut) {
  const before = lastSeconds();
  const shown = (/** @type {number | undefined} */ seconds) =>
    seconds === undefined ? "-" : `${seconds.toFixed(0)} s`;
  console.log(`\n=== all suites\n${" ".repeat(8)}${"now".padStart(7)}${"last".padStart(8)}`);
  for (const { name, passed, seconds } of ended) {
    const outcome = passed ? "passed" : "FAILED";
    const times = `${shown(seconds).padStart(7)}${shown(before[name]).padStart(8)}`;
    console.log(`${outcome}  ${times}  ${name}`);
  }
  for (const { suite, why } of leftOut) {
    console.log(`left out${" ".repeat(15)}  ${suite.name}: ${why}`);
  }
  const now = ended.filter(({ passed }) => passed).map(({ name, seconds }) => [name, seconds]);
  writeFileSync(SECONDS, JSON.stringify({ ...before, ...Object.fromEntries(now) }, null, 2));

  const total = ended.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`${(total / 60).toFixed(1)} minutes`);
  const failed = ended.filter(({ passed }) => !passed).length;
  const skipped = leftOut.length > 0 ? `, ${String(leftOut.length)} skipped` : "";
  console.log(`${String(ended.length - failed)} passed, ${String(failed)} failed${skipped}`);
  return failed === 0;
}

/** @returns {Record<string, number>} */
function lastSeconds() {
  try {
    /** @type {unknown} */
    const kept = JSON.parse(readFileSync(SECONDS, "utf8"));
    return /** @type {Record<string, number>} */ (kept);
  } catch {
    return {};
  }
}
