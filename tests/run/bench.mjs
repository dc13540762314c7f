// @ts-check
/** `npm run bench [-- [--quick] [--write] [PART …]]`: builds in release, measures, prints one table. */
import { prepare, run } from "./prepare.mjs";

const words = process.argv.slice(2);

prepare("bench");
run(["node", "--import", "tsx", "tests/bench/build.ts", ...words]);
run(["node", "--import", "tsx", "tests/bench/bench.ts", ...words]);
