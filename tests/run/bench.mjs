// @ts-check
/** `npm run bench [-- [--quick] [--write] [PART …]]`: builds in release, measures, prints one table. */
import { prepare, run } from "./prepare.mjs";

const words = process.argv.slice(2);

prepare("bench");
console.log("Building in release (the first time takes some minutes)");
run(["node", "--import", "tsx", "tests/bench/build.ts", ...words]);
run(["node", "--import", "tsx", "tests/bench/bench.ts", ...words]);
