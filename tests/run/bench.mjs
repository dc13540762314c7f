// @ts-check
/**
 * `npm run bench [-- [--quick] [--write] [PART …]]`: builds in release, measures, prints one table. A
 * short run takes the app as `npm run build` left it.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepare, root, run } from "./prepare.mjs";

const words = process.argv.slice(2);
const release = join(root, "target", "release");

prepare("bench");
console.log("Building in release (the first time takes some minutes)");
if (words.includes("--quick")) {
  if (!existsSync(join(release, "sign-in-with-amiqus"))) {
    console.error("There is no release build: npm run build");
    process.exit(1);
  }
  run(["cargo", "build", "--quiet", "--release", "--package", "bench", "--package", "bare-window"]);
} else {
  run(["npm", "run", "--silent", "build"], { quiet: true });
  packBareWindow();
  run([
    ...["cargo", "build", "--quiet", "--release"],
    ...["--package", "bench", "--package", "practice-tray"],
  ]);
}
run(["node", "--import", "tsx", "tests/bench/bench.ts", ...words]);

/** The floor's own package, away from the installers that are given away. */
function packBareWindow() {
  run(["npx", "tauri", "build", "--bundles", "deb"], {
    cwd: join(root, "tests", "bench", "bare"),
    quiet: true,
  });
  const packed = join(release, "bundle", "deb");
  const kept = join(root, "target", "bench", "bare");
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true });
  for (const name of readdirSync(packed).filter((name) => name.startsWith("Bare window"))) {
    if (name.endsWith(".deb")) renameSync(join(packed, name), join(kept, name));
    else rmSync(join(packed, name), { recursive: true });
  }
}
