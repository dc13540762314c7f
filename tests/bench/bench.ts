/**
 * What the app takes beside the least that anything could take, as one table. Each part measures both
 * in turn, in the same run, on a desktop of its own. `bench.ts [--quick] [--write] [PART …]`; with
 * `--write` a whole run's table goes into the README.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus, totalmem } from "node:os";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Desktop } from "../stage/desktop";
import { ROOT } from "../stage/places";
import { Practice } from "../stage/practice";
import { judge, type Judged } from "./judge";
import { parts, type Part } from "./rows";
import { sizes, type Figures } from "./sizes";
import { table } from "./table";

/** Between these the README shows the last table. */
const BEGIN = "<!-- npm run bench -- --write -->";
const END = "<!-- so far -->";

/** How often a part that raises an alarm is measured in a short run. */
const ATTEMPTS = 3;

const RELEASE = join(ROOT, "target", "release");

const words = process.argv.slice(2);
const isQuick = words.includes("--quick");
const writes = words.includes("--write");
const named = words.filter((word) => !word.startsWith("--"));
const unknown = named.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  const known = parts.map((part) => part.name).join(", ");
  throw new Error(`there is no part ${unknown.join(", ")}; there are: ${known}`);
}
const wanted = parts.filter(
  ({ name, quick }) =>
    (named.length === 0 || named.includes(name)) && (!isQuick || quick !== undefined),
);

const judged: Judged[] = [];
for (const part of wanted) {
  const begun = Date.now();
  judged.push(...(await judgePart(part)));
  const seconds = ((Date.now() - begun) / 1000).toFixed(0);
  process.stderr.write(`measured ${part.name} in ${seconds} s\n`);
}

const [processor] = cpus();
const machine = [
  `${String(cpus().length)} cores (${processor?.model.trim() ?? "unknown"})`,
  `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
  "no display: Xvfb",
].join(", ");
const withGoal = judged.filter((row) => row.held !== undefined);
const held = withGoal.filter((row) => row.held).length;

const folder = join(ROOT, "target", "bench");
mkdirSync(folder, { recursive: true });
const name = isQuick ? "quick" : "bench";
const file = join(folder, `${name}.json`);
writeFileSync(file, `${JSON.stringify({ machine, rows: judged }, null, 2)}\n`);
const text = table(judged, machine);
writeFileSync(join(folder, `${name}.md`), text);

if (writes && !isQuick && named.length === 0) writeIntoReadme(text);

console.log(text);
console.log(`As JSON: ${relative(ROOT, file)}`);
console.log(JSON.stringify({ rows: withGoal.length, held }));

// A short run on a machine that does other things too is no judge of goals: it raises an alarm where
// something is far off. A whole run wants each goal held, or not far off and said which limit it meets.
const alarms = judged.filter((row) => row.alarm);
for (const { what } of isQuick ? alarms : []) console.log(`ALARM: ${what}`);
const missed = judged.filter((row) => row.held === false && (row.alarm || row.limit === undefined));
for (const { what } of isQuick ? [] : missed) console.log(`MISSED: ${what}`);
process.exitCode = (isQuick ? alarms : missed).length === 0 ? 0 : 1;

function writeIntoReadme(text: string): void {
  const file = join(ROOT, "README.md");
  const [before, rest] = readFileSync(file, "utf8").split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error("the README has no place for it");
  writeFileSync(file, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
}

/**
 * Measures a part and judges its rows. In a short run a part that raises an alarm is measured again and judged
 * by all its figures, so that a process which was busy for a while raises none.
 */
async function judgePart(part: Part): Promise<Judged[]> {
  let figures: Figures[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const more = part.name === "sizes" ? sizes(RELEASE) : await measure(part);
    figures = part.rows.map((row): Figures => {
      const found = more.find(({ row: id }) => id === row.id);
      if (!found) throw new Error(`the part ${part.name} told nothing of "${row.id}"`);
      const before = figures.find(({ row: id }) => id === row.id);
      return {
        row: row.id,
        ours: [...(before?.ours ?? []), ...found.ours],
        floor: [...(before?.floor ?? []), ...found.floor],
      };
    });
    const rows = part.rows.flatMap((row) =>
      figures.filter(({ row: id }) => id === row.id).map((all) => judge(row, all)),
    );
    const isCalm = !rows.some((row) => row.alarm);
    if (isCalm || !isQuick || part.name === "sizes" || attempt === ATTEMPTS) return rows;
    process.stderr.write(`${part.name} raised an alarm and is measured again\n`);
  }
}

/** Runs a part on a desktop of its own, with an Amiqus of its own. */
async function measure(part: Part): Promise<Figures[]> {
  const desktop = await Desktop.start();
  try {
    // It is asked more often than by a person, from one address.
    const practice = await Practice.start([
      ...["--token-requests-per-minute", "1000000"],
      ...["--api-requests-per-minute", "1000000"],
    ]);
    try {
      desktop.env.AMIQUS_PROVISIONING_FILE = desktop.write("it.json", practice.provisioning());
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
  let said = "";
  bench.stdout.on("data", (piece: Buffer) => (said += piece.toString()));
  await once(bench, "close");
  if (bench.exitCode !== 0) throw new Error(`the part ${part.name} failed`);
  return JSON.parse(said) as Figures[];
}
