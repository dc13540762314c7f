/**
 * Whether the dependencies may be in the app: where they come from, that they are what the lock files say,
 * under which licences, and whether an advisory concerns them.
 *
 * `--advisory-db PATH` takes the advisories from a copy of RustSec's database, unpacked in a folder, instead
 * of fetching them. `--complete` fails when a question can't be asked, as without a network beyond the
 * registries.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findings } from "./lock-files";
import { root } from "./prepare.mjs";
import { tool } from "./tools.mjs";

type Answer = { outcome: "passed" | "FAILED" | "not asked"; lines: string[] };

const { values: choices } = parseArgs({
  options: {
    "advisory-db": { type: "string" },
    complete: { type: "boolean", default: false },
  },
});
const advisoryCopy = choices["advisory-db"];

const questions: [question: string, answer: () => Answer][] = [
  ["the lock files are whole, and name public registries only", () => judged(lockFiles())],
  ["Cargo.lock is what the manifests ask for", cargoLock],
  ["package-lock.json is what package.json asks for", packageLock],
  ["crates: licences, bans and sources", crates],
  ["the hosted workflows are safe (zizmor)", workflows],
  ["crates: advisories (RustSec)", advisoriesOfCrates],
  ["packages: advisories for what is in the window", () => advisoriesOfPackages("--omit=dev")],
  [
    "packages: grave advisories for what only builds and tests",
    () => advisoriesOfPackages("--audit-level=high"),
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
if (open > 0) console.log("What was not asked was not checked: see above why.");
console.log(`${questions.length - failed - open} passed, ${failed} failed, ${open} not asked`);
process.exit(failed > 0 || (choices.complete && open > 0) ? 1 : 0);

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

function advisoriesOfCrates(): Answer {
  const copy = advisoryCopy === undefined ? undefined : layAdvisories(resolve(advisoryCopy));
  try {
    const ended = cargoDeny(copy ? ["--offline"] : [], ["advisories"]);
    if (ended.status === 0) return { outcome: "passed", lines: copy ? [copy.said] : [] };
    // The database is a git repository, and no registry has it.
    const unreachable = /failed to fetch advisory database.*/.exec(ended.stderr)?.[0];
    if (unreachable && !copy) {
      return notAsked(`${unreachable}; a copy is taken with --advisory-db PATH`);
    }
    return { outcome: "FAILED", lines: ended.stderr.trim().split("\n") };
  } finally {
    if (copy) rmSync(copy.folder, { recursive: true, force: true });
  }
}

/**
 * Lays a copy of the advisory database where cargo-deny looks for the one that it fetches: below `db-path` of
 * .deny.toml, in a git repository whose name is made of the address.
 */
function layAdvisories(from: string): { folder: string; said: string } {
  if (!existsSync(join(from, "crates"))) {
    throw new Error(`${from} is no copy of the advisory database: it has no folder "crates"`);
  }
  const folder = join(root, "target", "advisories", "advisory-db-3157b0e258782691");
  rmSync(folder, { recursive: true, force: true });
  cpSync(from, folder, { recursive: true, filter: (path) => !/[\\/]\.git$/.test(path) });
  const dates = ask("grep", ["-rhoE", '^date = "[0-9-]+"', join(folder, "crates")]).stdout;
  const newest =
    dates
      .match(/\d{4}-\d\d-\d\d/g)
      ?.sort()
      .at(-1) ?? "";
  const names = ["-c", "user.name=audit", "-c", "user.email=audit@localhost"];
  const options = [...names, "-c", "commit.gpgSign=false", "-C", folder];
  for (const command of [
    ["init", "--quiet"],
    ["add", "--all", "--force"],
    ["commit", "--quiet", "--no-verify", "--message", "A copy"],
  ]) {
    const ended = ask("git", [...options, ...command]);
    if (ended.status !== 0) throw new Error(`git ${command.join(" ")}: ${ended.stderr}`);
  }
  return { folder, said: `asked a copy whose newest advisory is of ${newest}` };
}

/** What `npm audit` reports, as far as it is read here. */
type NpmAudit = {
  message?: string;
  metadata?: { vulnerabilities?: unknown };
  vulnerabilities?: Record<string, { severity: string; range: string }>;
};

function advisoriesOfPackages(choice: string): Answer {
  const ended = ask("npm", ["audit", "--json", "--fetch-retries=0", choice]);
  const [answer] = read<NpmAudit>(ended.stdout.replaceAll("\n", " "));
  if (!answer?.metadata?.vulnerabilities) return notAsked(answer?.message ?? ended.stderr);
  if (ended.status === 0) return judged([]);
  const vulnerable = Object.entries(answer.vulnerabilities ?? {});
  return {
    outcome: "FAILED",
    lines: vulnerable.map(([name, { severity, range }]) => `${name} ${range}: ${severity}`),
  };
}

/** What `npm audit signatures` reports. */
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
  const ended = ask(tool("zizmor"), ["--offline", "--quiet", "--format", "plain", ".github"]);
  return judged(ended.status === 0 ? [] : `${ended.stdout}${ended.stderr}`.trim().split("\n"));
}

function cargoDeny(choices: string[], what: string[]) {
  return ask(tool("cargo-deny"), ["--locked", ...choices, "check", ...what]);
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
