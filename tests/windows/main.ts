/**
 * Compiles the app and its tests for Windows, with warnings denied, and runs them under Wine: `npm run
 * test:windows`. Type-checks it for macOS, too. The last line counts what was shown. It changes nothing outside the
 * cache and `target/`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../harness/paths";
import { follow } from "../run/progress.mjs";
import { checkForApple } from "./apple";
import { CARGO_TEST, runTests, testPrograms } from "./rust-tests";
import { prepareToolchain, TARGET, withClippy } from "./toolchain";
import { UNDER_WINDOWS_ALONE } from "./windows-alone";
import { Wine } from "./wine";

const begun = Date.now();
const seconds = () => Math.round((Date.now() - begun) / 1000);
const say = (step: string) => {
  console.log(`${String(seconds())} s: ${step}`);
};

if (process.platform !== "linux" || process.arch !== "x64") {
  throw new Error("This compiles for Windows on 64-bit Linux. On Windows: cargo test.");
}
const toolchain = prepareToolchain(say);

say("compile the app and its tests, with warnings denied");
const code = await follow(["cargo", ...CARGO_TEST], { env: withClippy(toolchain.env, TARGET) });
if (code !== 0) process.exit(code);
const appleCode = await checkForApple(toolchain, say);
if (appleCode !== 0) process.exit(appleCode);

const wine = Wine.create(toolchain, mkdtempSync(join(tmpdir(), "amiqus-wine-")));
let failed = 0;
let passed = 0;
let ignored = 0;
try {
  for (const program of testPrograms(toolchain)) {
    say(program.name);
    const result = runTests(wine, program);
    passed += result.passed;
    ignored += result.ignored;
    failed += result.failed.length;
    console.log(`  ${String(result.passed)} passed, ${String(result.failed.length)} failed`);
    for (const failure of result.failed) console.error(`  FAILED ${failure}`);
  }
} finally {
  wine.remove();
}

say("the app itself, and its installer");
const journeys = spawnSync(
  "node",
  [
    ...["--import", "tsx", "--test", "--test-reporter=spec", "--test-concurrency=1"],
    "tests/windows/durable.test.ts",
    "tests/windows/program.test.ts",
    "tests/windows/installer.test.ts",
  ],
  { cwd: ROOT, stdio: "inherit" },
);
if (journeys.status !== 0) failed += 1;

for (const { program, test, why } of UNDER_WINDOWS_ALONE) {
  console.log(`on Windows alone: ${test} of ${program}: ${why}`);
}
console.log(
  JSON.stringify({
    passed,
    failed,
    ignored,
    on_windows_alone: UNDER_WINDOWS_ALONE.length,
    checked_for: "aarch64-apple-darwin",
    seconds: seconds(),
  }),
);
process.exitCode = failed === 0 ? 0 : 1;
