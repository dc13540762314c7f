/**
 * What the bench measures and measures with, in release: ours, its floor, the runner. In one go, so that
 * what they share is compiled once, and the links of the four, each on one core, go side by side.
 * `build.ts [--quick]`; a short run makes no installers.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../run/compile";
import { run } from "../run/prepare.mjs";
import { BUILT, ROOT } from "../stage/places";
import { BARE_PACKAGE } from "./sizes";

const programs = ["sign-in-with-amiqus", "bare-window", "bench", "practice-tray"].flatMap(
  (name) => ["--package", name],
);

if (process.argv.includes("--quick")) {
  await compile(["--no-bundle", "--", ...programs]);
  // The suites before it have built the one that they use.
  if (!existsSync(join(BUILT, "practice-amiqus"))) await finished(buildPractice());
} else {
  const practice = finished(buildPractice());
  run(["npm", "run", "--silent", "build", "--", "--", ...programs], { quiet: true });
  packBareWindow();
  await practice;
}

/** The service that is signed in to, as the tests have it: it is no part of what is measured. */
function buildPractice() {
  return spawn("cargo", ["build", "--quiet", "--package", "practice-amiqus"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

async function finished(cargo: ReturnType<typeof buildPractice>): Promise<void> {
  const [code] = (await once(cargo, "close")) as [number | null];
  if (code !== 0) throw new Error("the practice Amiqus can't be built");
}

/** The floor's own package, away from the installers that are given away. */
function packBareWindow(): void {
  run(["npx", "tauri", "bundle", "--bundles", "deb"], {
    cwd: join(ROOT, "tests", "bench", "bare"),
    quiet: true,
  });
  const packed = join(ROOT, "target", "release", "bundle", "deb");
  rmSync(BARE_PACKAGE, { recursive: true, force: true });
  mkdirSync(BARE_PACKAGE, { recursive: true });
  for (const name of readdirSync(packed).filter((name) => name.startsWith("Bare window"))) {
    if (name.endsWith(".deb")) renameSync(join(packed, name), join(BARE_PACKAGE, name));
    else rmSync(join(packed, name), { recursive: true });
  }
}
