// @ts-check
/**
 * What each commit holds to: format, spelling, lints, types, unit and core tests, the window's build.
 * It changes nothing outside the checkout and needs no root: `npm run check [-- SUITE…]`.
 */
import { leaveSystemAlone, prepare } from "./prepare.mjs";
import { runSuites, report } from "./runner.mjs";
import { choose } from "./select.mjs";

leaveSystemAlone();
prepare("check");
const wanted = choose("check", process.argv.slice(2));
process.exit(report(await runSuites(wanted), []) ? 0 : 1);
