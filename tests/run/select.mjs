// @ts-check
/** Which suites a command runs. */
import { suites } from "./suites.mjs";

/**
 * The suites of a command, or those among them that are named; ends the process where there is no such suite.
 * @param {"check" | "test"} command
 * @param {readonly string[]} names
 */
export function choose(command, names) {
  const own = suites.filter(({ only }) => (only ?? command) === command);
  const unknown = names.filter((name) => !own.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    const known = own.map(({ name }) => `  ${name}`).join("\n");
    console.error(`There is no suite named ${unknown.join(", ")}. The suites:\n${known}`);
    process.exit(2);
  }
  return own.filter(({ name }) => names.length === 0 || names.includes(name));
}
