// @ts-check
/**
 * Kills the app at every step of what it makes durable, and at random moments:
 * `npm run test:crash -- --kills 1000`.
 */
import { prepare, run } from "./prepare.mjs";

prepare("test");
console.log("Building (the first time takes some minutes)");
// The keeper's crate holds the window, too.
run(["npm", "run", "--silent", "ui:build"], { quiet: true });
run(["cargo", "build", "--quiet", "--package", "durability", "--bins"]);
run([
  ...["cargo", "run", "--quiet", "--package", "durability", "--bin", "crash-test", "--"],
  ...process.argv.slice(2),
]);
