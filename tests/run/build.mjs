// @ts-check
/** The release binary and the installers. Arguments go to `tauri build`. */
import { prepare, run } from "./prepare.mjs";

prepare("package");
run(["node", "--import", "tsx", "tests/run/package.ts", ...process.argv.slice(2)]);
