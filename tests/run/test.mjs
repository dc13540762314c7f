// @ts-check
/**
 * Everything that must hold, one suite after the other. A suite that fails doesn't keep the others
 * from running; the end is non-zero all the same.
 */
import { spawnSync } from "node:child_process";
import { prepare, root } from "./prepare.mjs";

prepare("test");

/** @type {[name: string, ...command: string[]][]} */
const suites = [
  ["rustfmt", "cargo", "fmt", "--all", "--check"],
  ["the window's types", "npm", "run", "--silent", "ui:check"],
  ["the window's lints and form", "npm", "run", "--silent", "ui:lint"],
  ["the window", "npm", "run", "--silent", "ui:build"],
  ["the programs", "cargo", "build", "--quiet", "--workspace", "--bins"],
  ["Rust tests", "cargo", "test", "--quiet", "--workspace"],
  [
    "killed at random and at every step",
    ...["cargo", "run", "--quiet", "--package", "durability", "--bin", "crash-test", "--"],
    ...["--kills", "60", "--seed", "1"],
  ],
  ["clippy", "cargo", "clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"],
  ["every state's picture, and axe", "npm", "run", "--silent", "pictures"],
  ["what other people wrote", "npm", "run", "--silent", "audit"],
  [
    "what other systems' installers are told",
    ...["node", "--import", "tsx", "--test", "--test-reporter=spec"],
    "tests/packages/configuration.test.ts",
    "tests/packages/lock-files.test.ts",
  ],
  [
    "journeys in a real window",
    ...[
      "node",
      "--import",
      "tsx",
      "--test",
      "--test-reporter=spec",
      "--test-concurrency=1",
      "--test-force-exit",
    ],
    "tests/e2e/journeys.test.ts",
    "tests/e2e/accounts.test.ts",
    "tests/e2e/networks.test.ts",
    "tests/e2e/secrets-on-disk.test.ts",
    "tests/e2e/secrets-in-memory.test.ts",
    "tests/e2e/break-out.test.ts",
    "tests/e2e/report.test.ts",
    "tests/e2e/tray.test.ts",
  ],
];

/** @type {{ name: string, passed: boolean, seconds: number }[]} */
const results = [];
for (const [name, program = "", ...args] of suites) {
  console.log(`\n=== ${name}: ${program} ${args.join(" ")}`);
  const begun = Date.now();
  const ended = spawnSync(program, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  results.push({ name, passed: ended.status === 0, seconds: (Date.now() - begun) / 1000 });
}

console.log("\n=== all suites");
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? "passed" : "FAILED"}  ${seconds.toFixed(0).padStart(5)} s  ${name}`);
}
const failed = results.filter(({ passed }) => !passed).length;
console.log(`${String(results.length - failed)} passed, ${String(failed)} failed`);
process.exit(failed === 0 ? 0 : 1);
