// @ts-check
/**
 * Kills the app at every step of what it makes durable, and at random moments:
 * `npm run test:crash -- --kills 1000`.
 */
import { join } from "node:path";
import { build, prepare, root, run } from "./prepare.mjs";

prepare("test");
// The whole workspace, since one crate alone would get its dependencies with other features.
await build();
run([join(root, "target", "debug", "crash-test"), ...process.argv.slice(2)]);
