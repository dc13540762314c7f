// @ts-check
/**
 * The workspace's Rust tests by nextest, then its doctests: `rust-tests.mjs [ARGUMENT OF NEXTEST…]`. Nextest's
 * JUnit report is kept for the check table.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./prepare.mjs";
import { follow } from "./progress.mjs";
import { OUTCOMES } from "./suites.mjs";
import { withTools } from "./tools.mjs";

const report = join(root, "target", "nextest", "default", "junit.xml");
rmSync(report, { force: true });

const env = withTools();
const tested = await follow(
  ["cargo", "nextest", "run", "--workspace", "--locked", ...process.argv.slice(2)],
  { env },
);
if (existsSync(report)) {
  mkdirSync(OUTCOMES, { recursive: true });
  copyFileSync(report, join(OUTCOMES, "rust.junit.xml"));
}
// Nextest runs no doctests.
const documented = await follow(["cargo", "test", "--workspace", "--doc", "--locked"], { env });
process.exit(tested === 0 && documented === 0 ? 0 : 1);
