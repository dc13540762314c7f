/** The table for people: check, source, and the tests that show it. */
import { checks, type Check } from "./checks";
import { SUITES, type Proof } from "./marks";

const HEAD = `# The ${String(checks.length)} checks

What “secure and dependable” means here. Each line is shown by tests that can fail; this table is made
from marks above those tests (\`/// Shows check 11.\` in Rust, \`// Shows check 31.\` in TypeScript) by
\`npm run checks -- --write\`, and \`npm test\` fails when it is stale, when a mark stands above no test, or
when a test that is named here did not run or did not pass. \`npm run checks\` runs them all and ends with
a line of JSON.

A Rust test's name has an underscore wherever a space stands here. Where the source is *this project*,
nobody else asks for it.
`;

/** What a test runs on, by where it stands: the first that fits. */
const KINDS: [start: string, kind: string][] = [
  ["src-tauri/core/src/", "unit"],
  ["src-tauri/core/tests/", "HTTP over a socket"],
  ["src-tauri/src/links/loopback/", "HTTP over a socket"],
  ["src-tauri/src/", "unit"],
  ["src-tauri/tests/vault/", "Stronghold files"],
  ["src-tauri/tests/", "the app's own files"],
  ["tests/durability/", "processes, vault and keychain"],
  ["tests/e2e/", "window and browser"],
  ["tests/fuzz/", "fuzz corpora"],
  ["tests/packages/", "installed package"],
  [SUITES, "suite"],
];

export function table(proofs: readonly Proof[]): string {
  const lines = ["| | Check | Source | Shown by |", "|---|---|---|---|"];
  let group = "";
  for (const check of checks) {
    if (check.group !== group) lines.push(`| | **${check.group}** | | |`);
    group = check.group;
    const said = check.note === undefined ? check.text : `${check.text}<br>*${check.note}*`;
    lines.push(
      `| ${String(check.number)} | ${said} | ${check.source} | ${shownBy(check, proofs)} |`,
    );
  }
  return `${HEAD}\n${lines.join("\n")}\n`;
}

function shownBy({ number, byHand }: Check, proofs: readonly Proof[]): string {
  if (byHand) return `By hand, because ${byHand.why} ${byHand.how}`;
  const shown = proofs.filter(({ shows }) => shows.includes(number)).map(asLink);
  return shown.length === 0 ? "**Nothing yet**" : shown.join("<br>");
}

function asLink({ kind, file, name }: Proof): string {
  const words = kind === "rust" ? (name.split(/ |::/).at(-1) ?? "").replaceAll("_", " ") : name;
  const what = KINDS.find(([start]) => file.startsWith(start))?.[1] ?? "unit";
  return `[${words.replaceAll("|", "\\|")}](../../${file}) (${what})`;
}
