// @ts-check
/**
 * Compiles the app for Windows and runs its tests under Wine: `npm run test:windows`. What it needs is unpacked
 * into a cache of the user's; see tests/windows/README.md.
 */
import { prepare, run } from "./prepare.mjs";

prepare("windows");
run(["npm", "run", "--silent", "ui:build"]);
run(["node", "--import", "tsx", "tests/windows/main.ts"]);
