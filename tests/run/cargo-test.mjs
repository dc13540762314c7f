// @ts-check
/**
 * `cargo test` with the arguments that it is given; how each test ended is kept for the check table, and
 * what went well isn't shown.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./prepare.mjs";
import { OUTCOMES } from "./suites.mjs";

mkdirSync(OUTCOMES, { recursive: true });
const kept = createWriteStream(join(OUTCOMES, "rust.cargo-test.txt"));
const cargo = spawn(
  "cargo",
  ["test", "--quiet", "--no-fail-fast", ...process.argv.slice(2), "--", "--format=pretty"],
  {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  },
);
const ended = once(cargo, "close");
for await (const line of createInterface({ input: cargo.stdout })) {
  kept.write(`${line}\n`);
  if (!/^test \S+ .*\.\.\. ok$/.test(line) && line !== "") console.log(line);
}
kept.end();
await ended;
process.exitCode = cargo.exitCode === 0 ? 0 : 1;
