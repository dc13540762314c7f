// @ts-check
/** Audits the dependencies: `npm run audit [-- --advisory-db PATH] [--complete]`. */
import { prepare, run } from "./prepare.mjs";

prepare("audit");
run(["node", "--import", "tsx", "tests/run/audit.ts", ...process.argv.slice(2)]);
