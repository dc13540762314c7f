// @ts-check
/**
 * Shows that a long step is under way: `progress.mjs PROGRAM ARGUMENT…` runs a cargo command and says every
 * 15 seconds how far it is. A step that is shorter says nothing of its own.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** From one line to the next, in milliseconds. */
const INTERVAL = 15_000;

/** What cargo and nextest say of each step, beside warnings, errors and what programs print. */
const STEP =
  /^\s*(Adding|Building|Checking|Compiling|Documenting|Doc-tests|Downloaded|Downloading|Executable|Finished|Fresh|Generated|Locking|Running|Scraping|Starting|Updating|Nextest run|─+$)|^\s+PASS |^running \d+ tests?$|^test result: ok|^test .+ \.\.\. (ok|ignored)/;

/**
 * Runs a command to its end and shows what it prints, without cargo's steps; ends the process with its code
 * when it fails.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} choices
 */
export async function runWithProgress(command, choices = {}) {
  const code = await follow(command, choices);
  if (code === 0) return;
  console.error(`${command.join(" ")} failed`);
  process.exit(code);
}

/**
 * Runs a command as `runWithProgress` does and returns its exit code.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} choices
 */
export async function follow(
  [program = "", ...args],
  { cwd = fileURLToPath(new URL("../../", import.meta.url)), env = process.env } = {},
) {
  const begun = Date.now();
  let state = "";
  const timer = setInterval(() => {
    console.log(`  ${since(begun)}: ${state || `${program} ${args[0] ?? ""}`}`);
  }, INTERVAL);
  const child = spawn(program, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    // A pipe gets cargo's "123/456" too.
    env: { ...env, CARGO_TERM_PROGRESS_WHEN: "always", CARGO_TERM_PROGRESS_WIDTH: "120" },
  });
  for (const [from, to] of /** @type {const} */ ([
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])) {
    let rest = "";
    from.setEncoding("utf8");
    from.on("data", (/** @type {string} */ text) => {
      const lines = `${rest}${text}`.split(/\r|\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) take(line, to);
    });
    from.on("end", () => {
      if (rest !== "") take(rest, to);
    });
  }
  /** @param {string} line @param {NodeJS.WriteStream} to */
  const take = (line, to) => {
    const plain = stripVTControlCharacters(line);
    const [, units] = /^\s*Building \[.*\] (\d+\/\d+)/.exec(plain) ?? [];
    const [, tests] = /^\s+(?:PASS|FAIL).*\((\s*\d+\/\d+)\)/.exec(plain) ?? [];
    if (units) state = `compiled ${units.replace("/", " of ")}`;
    if (tests) state = `tests ${tests.trim().replace("/", " of ")}`;
    if (plain.trim() !== "" && !STEP.test(plain)) to.write(`${line}\n`);
  };
  const [code] = await Promise.race([
    once(child, "close"),
    once(child, "error").then(([error]) => {
      console.error(String(error));
      return [1];
    }),
  ]);
  clearInterval(timer);
  return /** @type {number | null} */ (code) ?? 1;
}

/** @param {number} begun */
function since(begun) {
  const seconds = Math.round((Date.now() - begun) / 1000);
  return seconds < 60
    ? `${String(seconds)} s`
    : `${String(Math.floor(seconds / 60))} min ${String(seconds % 60).padStart(2, "0")} s`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exit(await follow(process.argv.slice(2)));
}
