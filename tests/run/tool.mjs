// @ts-check
/** Runs one of the tools of `tools.txt`: `tool.mjs NAME ARGUMENT…`. */
import { run } from "./prepare.mjs";
import { tool } from "./tools.mjs";

const [name = "", ...args] = process.argv.slice(2);
run([tool(/** @type {Parameters<typeof tool>[0]} */ (name)), ...args]);
