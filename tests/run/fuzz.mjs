// @ts-check
/**
 * Fuzzes the parsers of untrusted input: `npm run fuzz -- --minutes 10`. New inputs stay under
 * `target/fuzz/`; `npm run fuzz -- --merge` takes those of them into the repository that reach code which
 * nothing there reaches.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { prepare, root } from "./prepare.mjs";
import { runWithProgress } from "./progress.mjs";

const { values: wanted } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    target: { type: "string" },
    seed: { type: "string", default: "1" },
    merge: { type: "boolean", default: false },
  },
});
const minutes = Number(wanted.minutes);
const all = readdirSync(join(root, "tests", "fuzz", "targets"))
  .map((file) => file.replace(".rs", ""))
  .sort();
const targets = all.filter((name) => name === (wanted.target ?? name));
if (!(minutes > 0) || targets.length === 0 || !/^[1-9][0-9]*$/.test(wanted.seed)) {
  console.error(
    `npm run fuzz -- [--minutes N] [--target ${all.join("|")}] [--seed N, from 1 up] [--merge]`,
  );
  process.exit(2);
}

/** What is kept in the repository of a target, by its kind. @param {string} kind @param {string} target */
const kept = (kind, target) => join(root, "tests", "fuzz", kind, target);
/** What lies beside the build. @param {string} kind @param {string} target */
const beside = (kind, target) => {
  const folder = join(root, "target", "fuzz", kind, target);
  mkdirSync(folder, { recursive: true });
  return folder;
};

const programs = await build();
if (wanted.merge) for (const target of targets) merge(target);
else look();

/** Builds the programs with libFuzzer in them, in a folder of their own, and returns that. */
async function build() {
  prepare("build");
  const version = spawnSync("rustc", ["-vV"], { encoding: "utf8" }).stdout;
  const host = /^host: (.+)$/m.exec(version)?.[1] ?? "";
  const folder = join(root, "target", "fuzz");
  // What rustc's stable options have of the coverage that libFuzzer is guided by. Naming the host as
  // the target keeps it out of build scripts and macros.
  const coverage = [
    "-Cpasses=sancov-module",
    ...["level=4", "inline-8bit-counters", "pc-table", "trace-compares"].map(
      (option) => `-Cllvm-args=-sanitizer-coverage-${option}`,
    ),
  ];
  await runWithProgress(
    [
      ...["cargo", "build", "--package", "fuzz", "--bins", "--features", "libfuzzer"],
      ...["--profile", "fuzz", "--target", host, "--target-dir", folder],
    ],
    { env: { ...process.env, RUSTFLAGS: coverage.join(" ") } },
  );
  return join(folder, host, "fuzz");
}

/** Runs each target for its share of the time. */
function look() {
  const share = Math.max(1, Math.floor((minutes * 60) / targets.length));
  const outcome = { targets: targets.length, seconds: 0, executions: 0, found: 0 };
  for (const target of targets) {
    const found = beside("found", target);
    const before = new Set(readdirSync(found));
    const begun = Date.now();
    const { ended, said } = libfuzzer(
      target,
      [
        ...[`-max_total_time=${String(share)}`, `-seed=${wanted.seed}`, "-print_final_stats=1"],
        ...["-max_len=16384", "-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=64"],
        ...[`-dict=${kept("dictionaries", target)}.dict`, `-artifact_prefix=${found}/`],
      ],
      [beside("corpus", target), kept("corpus", target), kept("found", target)],
    );
    const seconds = (Date.now() - begun) / 1000;
    const executions = number(said, /^stat::number_of_executed_units:\s+(\d+)/m);
    const covered = number(said, /cov: (\d+)(?![\s\S]*cov: )/);
    outcome.seconds += seconds;
    outcome.executions += executions;
    console.log(
      `${target}: ${String(executions)} executions in ${seconds.toFixed(0)} s, ${String(covered)} places covered`,
    );
    const inputs = readdirSync(found).filter((name) => !before.has(name));
    if (ended === 0 && inputs.length === 0) continue;
    outcome.found += Math.max(1, inputs.length);
    console.error(said.split("\n").slice(-80).join("\n"));
    for (const name of inputs) {
      console.error(`FOUND  ${relative(root, join(found, name))}`);
    }
    console.error(
      `${target} ended with ${String(ended)}. Move what it found to ${relative(root, kept("found", target))}/ under a name that says what it is; cargo test --package fuzz shows it to the app again.`,
    );
  }
  outcome.seconds = Math.round(outcome.seconds);
  console.log(JSON.stringify(outcome));
  process.exitCode = outcome.found === 0 ? 0 : 1;
}

/**
 * Rewrites a target's corpus: every input that was named by hand, and the fewest others that reach all
 * other code known so far. libFuzzer names files by their hash.
 * @param {string} target
 */
function merge(target) {
  const corpus = kept("corpus", target);
  const others = mkdtempSync(join(root, "target", "fuzz", "merge-"));
  const hashed = readdirSync(corpus).filter((name) => /^[0-9a-f]{40}$/.test(name));
  for (const name of hashed) renameSync(join(corpus, name), join(others, name));
  const { ended, said } = libfuzzer(
    target,
    // By the places reached, not by how often: the corpus lies in the repository.
    ["-set_cover_merge=1", "-use_counters=0", "-max_len=1024", "-rss_limit_mb=1024", "-timeout=10"],
    [corpus, others, beside("corpus", target)],
  );
  if (ended !== 0) {
    for (const name of hashed) renameSync(join(others, name), join(corpus, name));
    console.error(said);
    process.exitCode = 1;
  }
  rmSync(others, { recursive: true });
  console.log(`${target}: ${String(readdirSync(corpus).length)} inputs`);
}

/** @param {string} target @param {string[]} options @param {string[]} folders */
function libfuzzer(target, options, folders) {
  const { status, signal, stdout, stderr } = spawnSync(
    join(programs, target),
    [...options, ...folders.filter((folder) => existsSync(folder))],
    { cwd: root, encoding: "utf8", maxBuffer: 1024 * 1024 * 1024 },
  );
  return { ended: signal ?? status ?? 1, said: `${stdout}${stderr}` };
}

/** @param {string} said @param {RegExp} where */
function number(said, where) {
  return Number(where.exec(said)?.[1] ?? 0);
}
