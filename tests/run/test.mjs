// @ts-check
/** Runs every suite; the end is non-zero when one failed. */
import { prepare } from "./prepare.mjs";
import { runSuites, suites } from "./suites.mjs";

prepare("test");
const ended = await runSuites(suites);

console.log("\n=== all suites");
for (const { name, passed, seconds } of ended) {
  console.log(`${passed ? "passed" : "FAILED"}  ${seconds.toFixed(0).padStart(5)} s  ${name}`);
}
const failed = ended.filter(({ passed }) => !passed).length;
console.log(`${String(ended.length - failed)} passed, ${String(failed)} failed`);
process.exit(failed === 0 ? 0 : 1);
