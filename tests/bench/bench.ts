/**
 * Measures the app against a floor, the least that the same thing can take, and prints one table. Each
 * part measures both in turn, in the same run, on its own desktop.
 * `bench.ts [--quick] [--write] [PART …]`; with `--write` a full run's table goes into the README beside this file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus, totalmem } from "node:os";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Desktop } from "../harness/desktop";
import { ROOT } from "../harness/paths";
import { Practice } from "../harness/practice";
import { judge, type Judged } from "./judge";
import { parts, type Part } from "./rows";
import { sizes, type Figures } from "./sizes";
import { table } from "./table";

/** Between these the README shows the last table. */
const BEGIN = "<!-- npm run bench -- --write -->";
const END = "<!-- so far -->";

/** How often a part that raises an alarm is measured in a quick run. */
const MAX_ATTEMPTS = 3;

const RELEASE = join(ROOT, "target", "release");

const args = process.argv.slice(2);
const isQuick = args.includes("--quick");
const isWriting = args.includes("--write");
const requested = args.filter((arg) => !arg.startsWith("--"));
const unknown = requested.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  const known = parts.map((part) => part.name).join(", ");
  throw new Error(`unknown part ${unknown.join(", ")}; the parts are: ${known}`);
}
const selected = parts.filter(
  ({ name, quick }) =>
    (requested.length === 0 || requested.includes(name)) && (!isQuick || quick !== undefined),
);

const results: Judged[] = [];
for (const part of selected) {
  const start = Date.now();
  results.push(...(await judgePart(part)));
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  process.stderr.write(`measured ${part.name} in ${seconds} s\n`);
}

const [processor] = cpus();
const machine = [
  `${String(cpus().length)} cores (${processor?.model.trim() ?? "unknown"})`,
  `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  "no display: Xvfb",
].join(", ");
const withGoal = results.filter((row) => row.held !== undefined);
const held = withGoal.filter((row) => row.held).length;

const folder = join(ROOT, "target", "bench");
mkdirSync(folder, { recursive: true });
const name = isQuick ? "quick" : "bench";
const file = join(folder, `${name}.json`);
writeFileSync(file, `${JSON.stringify({ machine, rows: results }, null, 2)}\n`);
const text = table(results, machine);
writeFileSync(join(folder, `${name}.md`), text);

if (isWriting && !isQuick && requested.length === 0) writeIntoReadme(text);

console.log(text);
console.log(`As JSON: ${relative(ROOT, file)}`);
console.log(JSON.stringify({ rows: withGoal.length, held }));

// A quick run on a busy machine can't judge goals: it raises an alarm where a figure is far off. A full
// run requires that each goal is held, or that the figure is not far off and its limit is known.
const alarms = results.filter((row) => row.alarm);
for (const { what } of isQuick ? alarms : []) console.log(`ALARM: ${what}`);
const missed = results.filter(
  (row) => row.held === false && (row.alarm || row.limit === undefined),
);
for (const { what } of isQuick ? [] : missed) console.log(`MISSED: ${what}`);
process.exitCode = (isQuick ? alarms : missed).length === 0 ? 0 : 1;

function writeIntoReadme(text: string): void {
  const file = join(ROOT, "tests", "bench", "README.md");
  const [before, rest] = readFileSync(file, "utf8").split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error("the README has no place for it");
  writeFileSync(file, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
}

/**
 * Measures a part and judges its rows. In a quick run a part that raises an alarm is measured again and
 * judged by all its figures, so that a process which was busy for a while raises none.
 */
async function judgePart(part: Part): Promise<Judged[]> {
  let figures: Figures[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const measured = part.name === "sizes" ? sizes(RELEASE) : await measure(part);
    figures = part.rows.map((row): Figures => {
      const found = measured.find(({ row: id }) => id === row.id);
      if (!found) throw new Error(`the part ${part.name} has no figures for "${row.id}"`);
      const earlier = figures.find(({ row: id }) => id === row.id);
      return {
        row: row.id,
        ours: [...(earlier?.ours ?? []), ...found.ours],
        floor: [...(earlier?.floor ?? []), ...found.floor],
      };
    });
    const rows = part.rows.flatMap((row) =>
      figures.filter(({ row: id }) => id === row.id).map((all) => judge(row, all)),
    );
    const isCalm = !rows.some((row) => row.alarm);
    if (isCalm || !isQuick || part.name === "sizes" || attempt === MAX_ATTEMPTS) return rows;
    process.stderr.write(`${part.name} raised an alarm and is measured again\n`);
  }
}

/** Runs a part on its own desktop with its own fake server. */
async function measure(part: Part): Promise<Figures[]> {
  const desktop = await Desktop.start();
  try {
    // The benchmark sends more requests from one address than the default rate limits allow.
    const practice = await Practice.start([
      ...["--token-requests-per-minute", "1000000"],
      ...["--api-requests-per-minute", "1000000"],
    ]);
    try {
      desktop.env.AMIQUS_PROVISIONING_FILE = desktop.write(
        "provisioning.json",
        practice.provisioning(),
      );
      return await measureOn(desktop, part);
    } finally {
      await practice.stop();
    }
  } finally {
    await desktop.stop();
  }
}

async function measureOn(desktop: Desktop, part: Part): Promise<Figures[]> {
  if (process.env.BENCH_PICTURES) desktop.env.BENCH_PICTURES = process.env.BENCH_PICTURES;
  const rounds = String((isQuick ? part.quick : undefined) ?? part.rounds);
  const bench = spawn(join(RELEASE, "bench"), [part.name, RELEASE, rounds], {
    env: desktop.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  bench.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(bench, "close");
  if (bench.exitCode !== 0) throw new Error(`the part ${part.name} failed`);
  return JSON.parse(output) as Figures[];
}
