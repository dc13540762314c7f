// @ts-check
/** Everything that must hold, one suite after the other: the cheap ones first. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { machineTests, withoutMachineJourneys, withoutMachineTests } from "./machine.mjs";
import { root } from "./prepare.mjs";

/** Where the suites of a run leave how their tests ended, for the check table. */
export const OUTCOMES = join(root, "target", "checks");

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string[]} command
 * @property {string[]} [files] The test files that end its command.
 * @property {"check" | "test"} [only] The one command that runs it, where the other has no use for it.
 * @property {import("./prepare.mjs").Purpose} [needs] Whose system packages it needs beside those of a build.
 * @property {string} [changes] What it changes on the machine; it is left out where that isn't wanted.
 * @property {boolean} [judges] It judges a whole run, and is left out where a part of that is.
 * @property {string[]} [tests] Which of its tests change something, and what.
 * @property {string[]} [without] The arguments that leave those tests out.
 */

/** All of them: one that had to be listed would be forgotten one day. */
const journeys = readdirSync(join(root, "tests", "e2e"))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `tests/e2e/${name}`);

const cargo = ["node", "tests/run/progress.mjs", "cargo"];
const nodeTests = ["node", "--import", "tsx", "--test", "--test-reporter=spec"];

/** @param {{ what: string, names: string[] }[]} list */
const changes = (list) =>
  list.map(
    ({ what, names }) => `${names.map((name) => name.replace(/::$/, "")).join(", ")}: ${what}`,
  );

/** @type {Suite[]} */
export const suites = [
  { name: "rustfmt", command: ["cargo", "fmt", "--all", "--check"] },
  { name: "spelling", command: ["node", "tests/run/tool.mjs", "typos", "--format", "brief", "."] },
  { name: "unused dependencies", command: ["node", "tests/run/tool.mjs", "cargo-shear"] },
  { name: "check table", command: [...nodeTests, "tests/checks/marks.test.ts"] },
  { name: "replaced sentences", command: [...nodeTests, "tests/checks/old-sentences.test.ts"] },
  {
    name: "new machine",
    command: [...nodeTests, "tests/run/new-machine.test.ts"],
    only: "test",
  },
  // Shows check 43.
  { name: "dependency audit", command: ["npm", "run", "--silent", "audit"], only: "test" },
  { name: "audit's own test", command: [...nodeTests, "tests/run/audit.test.ts"], only: "test" },
  {
    name: "installer configuration",
    command: [
      ...nodeTests,
      "tests/packages/configuration.test.ts",
      "tests/packages/lock-files.test.ts",
      "tests/run/workflows.test.ts",
    ],
  },
  {
    name: "test tools",
    command: [...nodeTests, "tests/bench/judge.test.ts", "tests/run/machine.test.ts"],
  },
  { name: "types", command: ["npm", "run", "--silent", "ui:check"] },
  { name: "lints", command: ["npm", "run", "--silent", "ui:lint"] },
  { name: "window build", command: ["npm", "run", "--silent", "ui:build"] },
  {
    name: "clippy",
    command: [
      ...[...cargo, "clippy", "--workspace", "--all-targets", "--features", "fuzz/libfuzzer"],
      ...["--", "-D", "warnings"],
    ],
  },
  {
    name: "rustdoc",
    command: [
      ...[...cargo, "doc", "--no-deps", "--workspace", "--document-private-items"],
      ...[
        "--config",
        'build.rustdocflags = ["-D", "warnings", "-A", "rustdoc::private_intra_doc_links"]',
      ],
    ],
  },
  { name: "build", command: [...cargo, "build", "--workspace", "--bins"], only: "test" },
  {
    name: "unit tests",
    command: [
      ...["node", "tests/run/rust-tests.mjs", "--lib", "--test", "runtime", "--test", "network"],
      ...["-E", withoutMachineTests],
    ],
    only: "check",
  },
  {
    name: "rust tests",
    command: ["node", "tests/run/rust-tests.mjs"],
    only: "test",
    needs: "test",
    tests: changes(machineTests.rust),
    without: ["-E", withoutMachineTests],
  },
  // Shows checks 20, 26, 28 and 32.
  {
    name: "crash test",
    command: ["node", "tests/run/crash.mjs", "--kills", "60", "--seed", "1"],
    only: "test",
    needs: "test",
  },
  {
    name: "pictures",
    command: ["npm", "run", "--silent", "pictures"],
    only: "test",
    needs: "test",
  },
  {
    name: "journeys",
    command: [
      ...nodeTests,
      "--test-reporter-destination=stdout",
      "--test-reporter=./tests/checks/reporter.mjs",
      "--test-reporter-destination=target/checks/journeys.jsonl",
      "--test-concurrency=1",
      "--test-force-exit",
    ],
    files: journeys,
    only: "test",
    needs: "test",
    tests: changes(machineTests.journeys),
    without: [`--test-name-pattern=${withoutMachineJourneys}`],
  },
  {
    name: "installers",
    command: ["npm", "run", "--silent", "build"],
    only: "test",
    needs: "package",
  },
  // Shows checks 7 and 17.
  {
    name: "installed package",
    command: [...nodeTests, "--test-force-exit", "tests/packages/installed.test.ts"],
    only: "test",
    changes: "installs the .deb, upgrades it and removes it",
  },
  // A benchmark with generous alarms; goals are for `npm run bench` to judge.
  {
    name: "benchmark (quick)",
    command: ["node", "tests/run/bench.mjs", "--quick"],
    only: "test",
    needs: "bench",
  },
  {
    name: "rebranding",
    command: [...nodeTests, "--test-force-exit", "tests/packages/rebrand.test.ts"],
    only: "test",
    needs: "test",
  },
  {
    name: "checks",
    command: ["node", "--import", "tsx", "tests/checks/main.ts"],
    only: "test",
    judges: true,
  },
];
