// @ts-check
/**
 * Runs every suite, or only those whose name is given (`npm test -- "rustfmt" "the window"`); the end is
 * non-zero when one failed.
 */
import { prepare } from "./prepare.mjs";
import { runSuites, suites } from "./suites.mjs";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !suites.some(([known]) => known === name));
if (unknown.length > 0) {
  const known = suites.map(([name]) => `  ${name}`).join("\n");
  console.error(`There is no suite named ${unknown.join(", ")}. The suites:\n${known}`);
  process.exit(2);
}

prepare("test");
const ended = await runSuites(
  suites.filter(([name]) => names.length === 0 || names.includes(name)),
);

console.log("\n=== all suites");
for (const { name, passed, seconds } of ended) {
  console.log(`${passed ? "passed" : "FAILED"}  ${seconds.toFixed(0).padStart(5)} s  ${name}`);
}
const failed = ended.filter(({ passed }) => !passed).length;
console.log(`${String(ended.length - failed)} passed, ${String(failed)} failed`);
process.exit(failed === 0 ? 0 : 1);
