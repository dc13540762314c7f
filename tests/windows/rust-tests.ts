/** The Rust tests as programs for Windows, run one after the other under Wine. */
import { copyFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ROOT } from "../harness/paths";
import { run } from "./packages";
import { TARGET, type Toolchain, withClippy } from "./toolchain";
import { UNDER_WINDOWS_ALONE } from "./windows-alone";
import type { Wine } from "./wine";

/** The crates that a Windows computer gets, and the service that their tests talk to. */
export const CRATES = ["amiqus-core", "practice-amiqus", "sign-in-with-amiqus"];

export type TestProgram = { name: string; file: string };

export type Result = { passed: number; failed: string[]; ignored: number };

type Message = {
  reason: string;
  executable?: string | null;
  profile?: { test: boolean };
  target?: { name: string; kind: string[] };
};

/** The arguments with which cargo compiles all of it, with the window's files as a release has them. */
export const CARGO_TEST = [
  ...["test", "--locked", "--no-run", "--target", TARGET],
  ...["--features", "tauri/custom-protocol"],
  ...CRATES.flatMap((name) => ["--package", name]),
];

/** The test programs, once they are compiled. */
export function testPrograms(toolchain: Toolchain): TestProgram[] {
  const messages = run(
    "cargo",
    [...CARGO_TEST, "--message-format", "json"],
    ROOT,
    withClippy(toolchain.env, TARGET),
  )
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Message);
  const programs = messages.flatMap(({ executable, profile, target }) =>
    executable && profile?.test === true && target
      ? [{ name: `${target.name} (${String(target.kind[0])})`, file: executable }]
      : [],
  );
  // Without it a program ends before its first line, and says nothing.
  for (const folder of new Set(programs.map(({ file }) => dirname(file)))) {
    for (const library of toolchain.libraries) {
      copyFileSync(library, join(folder, basename(library)));
      copyFileSync(library, join(dirname(folder), basename(library)));
    }
  }
  return programs;
}

/** Runs a program's tests, but for those that Wine can't hold. Those must fail, or the list is out of date. */
export function runTests(wine: Wine, { name, file }: TestProgram): Result {
  const listed = UNDER_WINDOWS_ALONE.filter((entry) => entry.program === name);
  const skips = listed.flatMap(({ test }) => ["--skip", test]);
  const result = testsOf(wine, file, listed.length > 0 ? ["--exact", ...skips] : []);
  for (const { test } of listed) {
    const alone = testsOf(wine, file, ["--exact", test], false);
    if (alone.passed === 1) result.failed.push(`${test} passes: it needs no exception any more`);
    else if (!alone.failed.includes(test)) result.failed.push(`${test} is listed and isn't there`);
  }
  return result;
}

function testsOf(wine: Wine, file: string, args: readonly string[], shows = true): Result {
  const ended = wine.run(file, [...args, "--test-threads", "2"], {
    cwd: join(ROOT, "src-tauri"),
    // Ten times as many kills as in `npm test`, which also kills the whole app.
    env: { RUST_BACKTRACE: "0", KILL_TEST_KILLS: "60" },
  });
  const text = `${ended.stdout}${ended.stderr}`;
  const counts = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/m.exec(text);
  if (!counts) {
    const why = ended.error?.message ?? `exit code ${String(ended.status)}`;
    return { passed: 0, failed: [`no result (${why}): ${text.slice(-2000)}`], ignored: 0 };
  }
  const failed = [...text.matchAll(/^test (\S+) (?:- .*)?\.\.\. FAILED/gm)].map(
    ([, one = ""]) => one,
  );
  if (ended.status !== 0 && failed.length === 0) failed.push(text.slice(-2000));
  if (shows && failed.length > 0)
    console.error(text.slice(text.indexOf("\nfailures:\n")).slice(0, 6000));
  return { passed: Number(counts[1]), failed, ignored: Number(counts[3]) };
}
