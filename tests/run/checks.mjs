// @ts-check
/** Runs every test that shows one of the checks, and judges: `npm run checks`. */
import { spawnSync } from "node:child_process";
import { prepare, root } from "./prepare.mjs";

prepare("test");
const wanted = process.argv.slice(2);
const ended = spawnSync(
  "node",
  ["--import", "tsx", "tests/checks/main.ts", ...(wanted.length > 0 ? wanted : ["--run"])],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
);
process.exit(ended.status ?? 1);
