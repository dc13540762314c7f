// @ts-check
/** Whether what other people wrote may be in the app: `npm run audit [-- --complete]`. */
import { prepare, run } from "./prepare.mjs";

prepare("audit");
run(["node", "--import", "tsx", "tests/run/audit.ts", ...process.argv.slice(2)]);
