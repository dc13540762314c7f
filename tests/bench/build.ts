/**
 * Builds the app, its floor and the benchmark in release mode. In one cargo run, so that shared crates
 * are compiled once and the four programs, each of which links on one core, are linked in parallel.
 * `build.ts [--quick]`; a quick run makes no installers.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../run/compile";
import { run } from "../run/prepare.mjs";
import { BIN_DIR, ROOT } from "../harness/paths";
import { BARE_PACKAGE } from "./sizes";

const programs = ["sign-in-with-amiqus", "bare-window", "bench", "practice-tray"].flatMap(
  (name) => ["--package", name],
);

if (process.argv.includes("--quick")) {
  await compile(["--no-bundle", "--", ...programs]);
  // In `npm test` an earlier suite has built it.
  if (!existsSync(join(BIN_DIR, "practice-amiqus"))) await waitForCargo(buildPractice());
} else {
  const practice = waitForCargo(buildPractice());
  run(["npm", "run", "--silent", "build", "--", "--", ...programs], { quiet: true });
  packBareWindow();
  await practice;
}

/** Starts to build the fake server, in debug mode: it is not measured. */
function buildPractice() {
  return spawn("cargo", ["build", "--quiet", "--package", "practice-amiqus"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

async function waitForCargo(cargo: ReturnType<typeof buildPractice>): Promise<void> {
  const [code] = (await once(cargo, "close")) as [number | null];
  if (code !== 0) throw new Error("practice-amiqus can't be built");
}

/** Packages the floor, outside the folder of the installers that are released. */
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
