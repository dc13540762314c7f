/**
 * Whether what other people wrote may be in the app: where it comes from, that it is what the lock files
 * say, under which terms, and whether a hole in it is known. `--complete` fails when a question can't be
 * asked, which without a network beyond the registries is so for known holes.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findings } from "./lock-files";
import { root } from "./prepare.mjs";

type Answer = { outcome: "passed" | "FAILED" | "not asked"; lines: string[] };

const mustBeComplete = process.argv.includes("--complete");

const questions: [question: string, answer: () => Answer][] = [
  ["the lock files are whole, and name public registries only", () => judged(lockFiles())],
  ["Cargo.lock is what the manifests ask for", cargoLock],
  ["package-lock.json is what package.json asks for", packageLock],
  ["crates: licences, bans and sources", crates],
  ["the workflows give no power away (zizmor)", workflows],
  ["crates: known holes (RustSec)", knownHolesInCrates],
  ["packages: known holes in what is in the window", () => knownHolesInPackages("--omit=dev")],
  [
    "packages: grave known holes in what only builds and tests",
    () => knownHolesInPackages("--audit-level=high"),
  ],
  ["packages: the registry's signatures", signatures],
];

let failed = 0;
let open = 0;
for (const [question, answer] of questions) {
  const begun = Date.now();
  const { outcome, lines } = answer();
  const seconds = ((Date.now() - begun) / 1000).toFixed(1).padStart(6);
  console.log(`${outcome.padEnd(9)} ${seconds} s  ${question}`);
  for (const line of lines) console.log(`            ${line}`);
  if (outcome === "FAILED") failed++;
  if (outcome === "not asked") open++;
}
console.log(
  `${questions.length - failed - open} passed, ${failed} failed, ${open} not asked for want of an answer`,
);
process.exit(failed > 0 || (mustBeComplete && open > 0) ? 1 : 0);

function lockFiles(): string[] {
  return findings({
    cargoLock: readFileSync(join(root, "Cargo.lock"), "utf8"),
    packageLock: readFileSync(join(root, "package-lock.json"), "utf8"),
    manifest: readFileSync(join(root, "package.json"), "utf8"),
  });
}

function cargoLock(): Answer {
  const ended = ask("cargo", ["metadata", "--locked", "--format-version", "1"]);
  return judged(ended.status === 0 ? [] : lastLines(ended.stderr));
}

function packageLock(): Answer {
  const ended = ask("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"]);
  return judged(ended.status === 0 ? [] : lastLines(ended.stderr));
}

function crates(): Answer {
  const ended = cargoDeny(["--offline", "--format", "json"], ["licenses", "bans", "sources"]);
  const said = read<{ type: string; fields: { code?: string; message: string } }>(ended.stderr);
  const twice = said.flatMap(({ fields: { code, message } }) =>
    code === "duplicate" ? [/'(.+)'/.exec(message)?.[1] ?? ""] : [],
  );
  if (ended.status !== 0) {
    const shown = cargoDeny(["--offline"], ["-A", "duplicate", "licenses", "bans", "sources"]);
    return { outcome: "FAILED", lines: shown.stderr.trim().split("\n") };
  }
  return {
    outcome: "passed",
    lines: [`${twice.length} crates are there in more than one version: ${twice.join(", ")}`],
  };
}

function knownHolesInCrates(): Answer {
  const ended = cargoDeny([], ["advisories"]);
  if (ended.status === 0) return judged([]);
  // The database is a git repository, and no registry has it.
  const unreachable = /failed to fetch advisory database.*/.exec(ended.stderr)?.[0];
  if (unreachable) return notAsked(unreachable);
  return { outcome: "FAILED", lines: ended.stderr.trim().split("\n") };
}

/** What `npm audit` tells, as far as it is read here. */
type Holes = {
  message?: string;
  metadata?: { vulnerabilities?: unknown };
  vulnerabilities?: Record<string, { severity: string; range: string }>;
};

function knownHolesInPackages(choice: string): Answer {
  const ended = ask("npm", ["audit", "--json", "--fetch-retries=0", choice]);
  const [answer] = read<Holes>(ended.stdout.replaceAll("\n", " "));
  if (!answer?.metadata?.vulnerabilities) return notAsked(answer?.message ?? ended.stderr);
  if (ended.status === 0) return judged([]);
  const vulnerable = Object.entries(answer.vulnerabilities ?? {});
  return {
    outcome: "FAILED",
    lines: vulnerable.map(([name, { severity, range }]) => `${name} ${range}: ${severity}`),
  };
}

/** And `npm audit signatures`. */
type Signatures = {
  error?: { summary: string };
  invalid?: { name: string; version: string }[];
  missing?: { name: string; version: string }[];
};

function signatures(): Answer {
  const ended = ask("npm", ["audit", "signatures", "--json", "--fetch-retries=0"]);
  if (ended.status === 0) return judged([]);
  const [answer] = read<Signatures>(ended.stdout.replaceAll("\n", " "));
  const unsigned = [...(answer?.invalid ?? []), ...(answer?.missing ?? [])];
  if (unsigned.length === 0) return notAsked(answer?.error?.summary ?? ended.stderr);
  return judged(unsigned.map(({ name, version }) => `${name} ${version}`));
}

function judged(objections: string[]): Answer {
  return { outcome: objections.length === 0 ? "passed" : "FAILED", lines: objections };
}

function notAsked(why: string): Answer {
  const [first = ""] = why.trim().split("\n");
  return { outcome: "not asked", lines: [first] };
}

function workflows(): Answer {
  const ended = ask(installed("zizmor"), ["--offline", "--quiet", "--format", "plain", ".github"]);
  return judged(ended.status === 0 ? [] : `${ended.stdout}${ended.stderr}`.trim().split("\n"));
}

function cargoDeny(choices: string[], what: string[]) {
  return ask(installed("cargo-deny"), ["--locked", ...choices, "check", ...what]);
}

/** Where a tool lies, installed by now. */
function installed(tool: string): string {
  const list = join("tests", "run", "audit-tools.txt");
  const digest = createHash("sha256")
    .update(readFileSync(join(root, list)))
    .digest("hex");
  // Another list is another folder, so that no older tool answers.
  const folder = join(root, "target", "audit-tools", digest.slice(0, 16));
  const program = join(folder, "bin", tool);
  if (existsSync(program)) return program;
  const quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"];
  const checked = ["--require-hashes", "--only-binary", ":all:", "--no-deps"];
  const ended = ask("python3", [
    ...["-m", "pip", "install", ...quiet, ...checked, "--target", folder],
    ...["--requirement", list],
  ]);
  if (ended.status === 0) return program;
  throw new Error(`pip doesn't install what ${list} lists: ${ended.stderr}`);
}

function ask(program: string, args: string[]) {
  const ended = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (ended.error) throw ended.error;
  return ended;
}

/** One JSON value from each line that holds one. */
function read<T>(lines: string): T[] {
  return lines.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as T];
    } catch {
      return [];
    }
  });
}

function lastLines(text: string): string[] {
  return text.trim().split("\n").slice(-6);
}
