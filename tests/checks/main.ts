// Judges each check by how the tests that show it ended in this run. With --run it runs them first,
// with --write it only writes the table. The last line is JSON.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { root } from "../run/prepare.mjs";
import { runSuites } from "../run/runner.mjs";
import { choose } from "../run/select.mjs";
import type { Suite } from "../run/suites.mjs";
import { checks } from "./checks";
import { readMarks, type Proof } from "./marks";
import { Outcomes } from "./outcomes";
import { table } from "./table";

const README = fileURLToPath(new URL("README.md", import.meta.url));

const { proofs, faults } = readMarks(root);
const numbers = new Set(checks.map(({ number }) => number));
for (const { file, name, shows } of proofs) {
  const unknown = shows.filter((number) => !numbers.has(number));
  if (unknown.length > 0)
    faults.push(`${file}: ${name} shows ${unknown.join(", ")}: no such check`);
  if (new Set(shows).size < shows.length) faults.push(`${file}: ${name} names a check twice`);
}

const written = table(proofs);
if (process.argv.includes("--write")) {
  writeFileSync(README, written);
} else if (!existsSync(README) || readFileSync(README, "utf8") !== written) {
  faults.push("tests/checks/README.md is stale: npm run checks -- --write");
}
for (const fault of faults) console.error(fault);
if (process.argv.includes("--write")) process.exit(faults.length > 0 ? 1 : 0);

if (process.argv.includes("--run")) await runSuites(choose("test", []).filter(isNeeded));

const outcomes = Outcomes.ofThisRun();
const tally = { checks: checks.length, proven: 0, by_hand: 0, failed: 0 };
for (const { number, text, byHand } of checks) {
  const shown = proofs.filter(({ shows }) => shows.includes(number));
  const bad = shown
    .map((proof) => ({ ...proof, outcome: outcomes.of(proof) }))
    .filter(({ outcome }) => outcome !== "passed");
  if (byHand && shown.length === 0) {
    tally.by_hand += 1;
  } else if (shown.length > 0 && bad.length === 0) {
    tally.proven += 1;
  } else {
    tally.failed += 1;
    console.error(`${String(number)}. ${text}`);
    if (shown.length === 0) console.error("    no test shows it");
    for (const { file, name, outcome } of bad) console.error(`    ${outcome}: ${name} (${file})`);
  }
}
console.log(JSON.stringify(tally));
process.exitCode = tally.failed > 0 || faults.length > 0 ? 1 : 0;

/** Whether a suite builds what the others need, is a proof, or has one in it. */
function isNeeded({ name, command, files = [] }: Suite): boolean {
  const parts = [...command, ...files];
  const isProof = ({ kind, file, name: shown }: Proof) =>
    kind === "suite"
      ? shown === name
      : kind === "rust"
        ? parts.includes("tests/run/rust-tests.mjs")
        : parts.includes(file);
  const builds = ["window build", "build"];
  if (proofs.some(({ name }) => name === "installed package")) builds.push("installers");
  return builds.includes(name) || proofs.some(isProof);
}
