// @ts-check
/**
 * Runs every suite, or only those that are named: `npm test -- [--no-system | --system] [SUITE…]`.
 * Says first what it changes on this machine. `--no-system` leaves that out, and is what holds without a
 * switch where the user is neither root nor a CI.
 */
import { leaveSystemAlone, missingPackages, prepare } from "./prepare.mjs";
import { runSuites, report } from "./runner.mjs";
import { choose } from "./select.mjs";

/** @typedef {import("./suites.mjs").Suite} Suite */

const words = process.argv.slice(2);
const switches = words.filter((word) => word.startsWith("--"));
const wrong = switches.filter((word) => word !== "--system" && word !== "--no-system");
if (wrong.length > 0 || switches.length > 1) {
  console.error("npm test -- [--no-system | --system] [SUITE…]");
  process.exit(2);
}
const wanted = choose(
  "test",
  words.filter((word) => !word.startsWith("--")),
);
const mayChange =
  switches.length > 0
    ? switches.includes("--system")
    : Boolean(process.env.CI) || process.getuid?.() === 0;

/** @type {Suite[]} */
const chosen = [];
/** @type {import("./runner.mjs").LeftOut[]} */
const leftOut = [];
if (mayChange) {
  chosen.push(...wanted);
  const needs = ["test", ...wanted.flatMap((suite) => suite.needs ?? [])];
  const missing = new Set(
    needs.flatMap((need) => missingPackages(/** @type {import("./prepare.mjs").Purpose} */ (need))),
  );
  const changes = [
    ...(missing.size > 0 ? [`installs ${[...missing].join(", ")}`] : []),
    ...wanted.flatMap(({ name, changes, tests = [] }) => [
      ...(changes ? [`${name}: ${changes}`] : []),
      ...tests.map((each) => `${name}: ${each}`),
    ]),
  ];
  if (changes.length > 0) {
    const list = changes.map((change) => `  ${change}`).join("\n");
    console.log(`On this machine it changes (--no-system leaves it out):\n${list}`);
  }
  prepare("test");
} else {
  leaveSystemAlone();
  for (const suite of wanted) {
    const missing = suite.needs ? missingPackages(suite.needs) : [];
    if (missing.length > 0) leftOut.push({ suite, why: `it needs ${missing.join(", ")}` });
    else if (suite.changes) leftOut.push({ suite, why: `it ${suite.changes}` });
    else if (suite.judges) leftOut.push({ suite, why: "it judges a run without gaps" });
    else chosen.push({ ...suite, command: [...suite.command, ...(suite.without ?? [])] });
  }
  console.log("This machine is left as it is (--system changes that). Left out are:");
  for (const { suite, why } of leftOut) console.log(`  ${suite.name}: ${why}`);
  for (const { name, tests = [] } of chosen) {
    for (const each of tests) console.log(`  ${name}: ${each}`);
  }
  prepare("check");
  prepare("audit");
}

process.exit(report(await runSuites(chosen), leftOut) ? 0 : 1);
