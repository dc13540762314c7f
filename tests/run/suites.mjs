// @ts-check
/**
 * Everything that must hold, one suite after the other. A suite that fails doesn't keep the others
 * from running.
 */
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./prepare.mjs";

/** Where the suites of a run leave how their tests ended, for the check table. */
export const OUTCOMES = join(root, "target", "checks");

/** All of them: one that had to be listed would be forgotten one day. */
const journeys = readdirSync(join(root, "tests", "e2e"))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `tests/e2e/${name}`);

/** @type {[name: string, ...command: string[]][]} */
export const suites = [
  ["rustfmt", "cargo", "fmt", "--all", "--check"],
  [
    "a new machine",
    ...["node", "--import", "tsx", "--test", "--test-reporter=spec"],
    "tests/run/new-machine.test.ts",
  ],
  // Shows check 43.
  ["what other people wrote", "npm", "run", "--silent", "audit"],
  [
    "what other systems' installers are told",
    ...["node", "--import", "tsx", "--test", "--test-reporter=spec"],
    "tests/packages/configuration.test.ts",
    "tests/packages/lock-files.test.ts",
    "tests/run/workflows.test.ts",
  ],
  ["the window's types", "npm", "run", "--silent", "ui:check"],
  ["the window's lints and form", "npm", "run", "--silent", "ui:lint"],
  ["the window", "npm", "run", "--silent", "ui:build"],
  ["the programs", "cargo", "build", "--quiet", "--workspace", "--bins"],
  ["Rust tests", "node", "tests/run/cargo-test.mjs", "--workspace"],
  // Shows checks 20, 26, 28 and 32.
  [
    "killed at random and at every step",
    ...["cargo", "run", "--quiet", "--package", "durability", "--bin", "crash-test", "--"],
    ...["--kills", "60", "--seed", "1"],
  ],
  // Shows checks 10 and 21.
  ["what strangers can send", "node", "tests/run/fuzz.mjs", "--minutes", "1.2"],
  ["clippy", "cargo", "clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"],
  ["every state's picture, and axe", "npm", "run", "--silent", "pictures"],
  [
    "journeys in a real window",
    ...[
      "node",
      "--import",
      "tsx",
      "--test",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=./tests/checks/reporter.mjs",
      "--test-reporter-destination=target/checks/journeys.jsonl",
      "--test-concurrency=1",
      "--test-force-exit",
    ],
    ...journeys,
  ],
  ["the installers", "npm", "run", "--silent", "build"],
  // Shows checks 7 and 17.
  [
    "the installed package",
    ...["node", "--import", "tsx", "--test", "--test-reporter=spec", "--test-force-exit"],
    "tests/packages/installed.test.ts",
  ],
  // A benchmark with generous alarms; goals are for `npm run bench` to judge.
  ["what it takes, beside its floors", "node", "tests/run/bench.mjs", "--quick"],
  [
    "under another name",
    ...["node", "--import", "tsx", "--test", "--test-reporter=spec", "--test-force-exit"],
    "tests/packages/rebrand.test.ts",
  ],
  [
    "how the check table is made",
    "node",
    "--import",
    "tsx",
    "--test",
    "tests/checks/marks.test.ts",
  ],
  ["the 43 checks", "node", "--import", "tsx", "tests/checks/main.ts"],
];

/**
 * Runs suites one after the other; answers how each ended.
 * @param {readonly string[][]} wanted
 */
export async function runSuites(wanted) {
  // What an earlier run left says nothing about this one.
  rmSync(OUTCOMES, { recursive: true, force: true });
  mkdirSync(OUTCOMES, { recursive: true });
  /** @type {{ name: string, passed: boolean, seconds: number }[]} */
  const ended = [];
  for (const [name = "", program = "", ...args] of wanted) {
    console.log(`\n=== ${name}: ${program} ${args.join(" ")}`);
    const begun = Date.now();
    const suite = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    await once(suite, "close");
    const passed = suite.exitCode === 0;
    ended.push({ name, passed, seconds: (Date.now() - begun) / 1000 });
    const outcome = passed ? "passed" : "failed";
    const line = JSON.stringify({ kind: "suite", name, outcome });
    appendFileSync(join(OUTCOMES, "suites.jsonl"), `${line}\n`);
  }
  return ended;
}
